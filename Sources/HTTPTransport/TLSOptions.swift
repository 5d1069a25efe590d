/// How a server is authenticated, and how we authenticate to it. The default trusts the system's authorities.
public struct TLSOptions: Sendable {
    /// PEM, from a file or from memory.
    public enum Material: Sendable {
        case file(String)
        case data(SecretBytes)
    }
    /// The only authorities that are trusted; nil trusts the system's.
    public var certificateAuthority: Material?
    /// Our certificate with its chain, and its key, for servers that want one.
    public var clientCertificate: Material?
    public var clientKey: Material?
    /// The name that the server's certificate must carry (and the SNI), where it is not the URL's host.
    public var serverName: String?
    /// Takes any certificate. For trials only: whoever stands between can read and change everything.
    public var skipsVerification: Bool

    public init(
        certificateAuthority: Material? = nil, clientCertificate: Material? = nil, clientKey: Material? = nil,
        serverName: String? = nil, skipsVerification: Bool = false
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.serverName = serverName
        self.skipsVerification = skipsVerification
    }
}
