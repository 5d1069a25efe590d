internal import Cryptography
public import HTTPTransport
internal import JSONDocument
public import Quantities
internal import Synchronization

/// Speaks to one API server with one identity. One per cluster; the HTTP client below may be shared by all.
public final class KubernetesClient: Sendable {
    /// The most that one answer may hold: a page of a hundred large Pods.
    public static let maximumResponseBytes = 16 << 20

    public let connection: ClusterConnection
    let http: HTTPClient
    let now: @Sendable () -> Now
    /// How long one request may take. The server itself gives up after 34 s.
    let deadline: Duration
    private let tokens = Mutex(TokenCache())

    /// - Parameter deadline: for each request, default 5 s; a request of an election or of a brake may ask for less.
    public init(connection: ClusterConnection, http: HTTPClient, deadline: Duration = .seconds(5), now: @escaping @Sendable () -> Now) {
        self.connection = connection
        self.http = http
        self.deadline = deadline
        self.now = now
    }

    /// The server's version, as `v1.36.2`: the cheapest question that shows whether it can be spoken to.
    public func serverVersion() async throws(KubernetesError) -> String {
        let value = try await json(APICall(.get, "/version", what: "version"))
        guard let version = value["gitVersion"]?.string else { throw unexpected("version", "has no gitVersion") }
        return version
    }
}

/// One request to the API, before it is addressed and authenticated.
struct APICall {
    var method: HTTPMethod
    /// With its query; already percent-encoded.
    var path: String
    var contentType: String?
    var body: [UInt8]
    var deadline: Duration?
    /// For errors: what is asked, of what.
    var what: String

    init(_ method: HTTPMethod, _ path: String, contentType: String? = nil, body: [UInt8] = [], deadline: Duration? = nil, what: String) {
        self.method = method
        self.path = path
        self.contentType = contentType
        self.body = body
        self.deadline = deadline
        self.what = what
    }
}

extension KubernetesClient {
    /// The name under which the server books our writes (`metadata.managedFields`).
    public static let fieldManager = "fairlead"

    /// The answer, whatever its status. Throws where none came.
    func answer(to call: APICall) async throws(KubernetesError) -> HTTPResponse {
        let token = try bearerToken()
        let response = try await send(call, token: token)
        guard response.status == 401, case .tokenFile = connection.credentials else { return response }
        // The token was replaced or revoked. A 401 is said before anything is done, so the same request may be sent again.
        tokens.withLock { $0.drop() }
        let fresh = try bearerToken()
        guard let fresh, let token, fresh.withBytes({ fresh in token.withBytes { $0 != fresh } }) else { return response }
        return try await send(call, token: fresh)
    }

    /// The object that a successful answer holds.
    func json(_ call: APICall) async throws(KubernetesError) -> JSONValue {
        let response = try await answer(to: call)
        guard response.isSuccess else { throw KubernetesError(response, context: context(call.what)) }
        return try object(response, what: call.what)
    }

    func object(_ response: HTTPResponse, what: String) throws(KubernetesError) -> JSONValue {
        do { return try JSONValue(parsing: response.body) } catch { throw unexpected(what, "is no JSON: \(error)") }
    }

    func unexpected(_ what: String, _ detail: String) -> KubernetesError {
        KubernetesError(code: .unexpectedAnswer, context: context(what), detail: "the answer \(detail)")
    }
    func context(_ what: String) -> String { "\(what) at \(connection.server)" }

    func request(_ call: APICall, token: SecretBytes?) -> HTTPRequest {
        var headers = [HTTPHeader("Accept", "application/json"), HTTPHeader("User-Agent", KubernetesClient.fieldManager)]
        if let type = call.contentType { headers.append(HTTPHeader("Content-Type", type)) }
        if let token {
            headers.append(HTTPHeader("Authorization", "Bearer \(token.withBytes { String(decoding: $0, as: UTF8.self) })"))
        } else if case .password(let user, let password) = connection.credentials {
            headers.append(HTTPHeader("Authorization", "Basic \(password.withBytes { Base64.encode(Array("\(user):".utf8) + $0) })"))
        }
        if let user = connection.impersonatedUser { headers.append(HTTPHeader("Impersonate-User", user)) }
        for group in connection.impersonatedGroups { headers.append(HTTPHeader("Impersonate-Group", group)) }
        return HTTPRequest(
            call.method, connection.server + call.path, headers: headers, body: call.body, deadline: call.deadline ?? deadline,
            maximumResponseBytes: KubernetesClient.maximumResponseBytes, tls: connection.tls, proxyURL: connection.proxyURL)
    }

    func bearerToken() throws(KubernetesError) -> SecretBytes? {
        switch connection.credentials {
        case .none, .password: return nil
        case .token(let token): return token
        case .tokenFile(let path):
            let token = tokens.withLock { cache in
                cache.token(at: now().monotonic) {
                    let text = readSmallFile(path).map { String(decoding: $0, as: UTF8.self).trimmed } ?? ""
                    return text.isEmpty ? nil : SecretBytes(text)
                }
            }
            guard let token else {
                throw KubernetesError(code: .badConfiguration, context: path, detail: "the token file cannot be read or is empty")
            }
            return token
        }
    }

    private func send(_ call: APICall, token: SecretBytes?) async throws(KubernetesError) -> HTTPResponse {
        do { return try await http.send(request(call, token: token)) } catch {
            throw KubernetesError(error, context: context(call.what))
        }
    }
}
