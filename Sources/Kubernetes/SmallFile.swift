internal import Glibc

/// A token, a certificate, a kubeconfig: nothing larger is read.
let maximumSmallFileBytes = 1 << 20

/// The bytes of a file, or nil where it cannot be read or has more than `maximumSmallFileBytes`.
/// Blocks for the time of a local read: such files lie in memory (projected volumes) or on the local disk.
func readSmallFile(_ path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe read(descriptor, &piece, piece.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { return nil }
        if count == 0 { return bytes }
        bytes += piece[..<count]
        guard bytes.count <= maximumSmallFileBytes else { return nil }
    }
}

/// Why `readSmallFile` gave nothing, as words behind the file's name.
func whyUnreadable(_ path: String) -> String {
    guard unsafe access(path, R_OK) != 0 else { return "cannot be read, or is larger than 1 MiB" }
    return errno == ENOENT ? "is not there" : errno == EACCES ? "may not be read by this user" : "cannot be read"
}

func isReadableFile(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }

extension String {
    /// Without the white space at both ends that files written by people carry.
    var trimmed: String {
        var text = Substring(self)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
