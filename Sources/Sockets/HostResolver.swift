internal import CLinux

/// The first address of a host name, or the address itself where the name is one. Blocks: call it on a thread of ours.
public func resolve(host: String) throws(SocketError) -> IPAddress {
    if let address = IPAddress(host) { return address }
    var endpoint = linux_endpoint()
    let result = unsafe linux_resolve(host, &endpoint)
    guard result == 0 else { throw SocketError(errno: -result, context: "resolve \(host)") }
    return IPAddress(endpoint)
}
