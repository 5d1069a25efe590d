import Glibc

/// What the development webhook receiver wrote down: one line for each message that it accepted.
enum DeliveredMessages {
    /// 0 where there is no file yet.
    static func count(at path: String) -> Int {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var lines = 0
        var piece = [UInt8](repeating: 0, count: 65_536)
        while case let length = read(descriptor, &piece, piece.count), length > 0 {
            lines += piece[..<length].count { $0 == UInt8(ascii: "\n") }
        }
        return lines
    }
}
