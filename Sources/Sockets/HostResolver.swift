internal import CLinux
internal import Glibc

/// The first address of a host name, or the address itself where the name is one. Blocks: call it on a thread of ours.
public func resolve(host: String) throws(SocketError) -> IPAddress {
    if let address = IPAddress(host) { return address }
    var endpoint = linux_endpoint()
    let result = unsafe linux_resolve(host, &endpoint)
    // A name service's answer is none of the kernel's errors: "No such file or directory" would lead a person astray.
    let words =
        switch -result {
        case ENOENT: "the name service knows no such host; ask it with: getent hosts \(host)"
        case EAGAIN: "no name server answers; see /etc/resolv.conf"
        default: String?.none
        }
    guard result == 0 else { throw SocketError(errno: -result, context: "resolve \(host)", words: words) }
    return IPAddress(endpoint)
}
