import Glibc

/// Why a small text file could not be read, as words behind "cannot be read: ".
struct UnreadableFile: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }

    /// By what the system said when it was opened or read.
    static func system(_ number: Int32) -> UnreadableFile {
        switch number {
        case ENOENT: UnreadableFile("there is no such file")
        case EACCES, EPERM: UnreadableFile("this user may not read it; see its owner and mode with: ls -l")
        case EISDIR: UnreadableFile("it is a directory")
        default: UnreadableFile(unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)")
        }
    }
}

/// A whole small text file.
func readText(_ path: String, maximumBytes: Int) throws(UnreadableFile) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= maximumBytes {
        let count = unsafe read(descriptor, &piece, piece.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw .system(errno) }
        if count == 0 { break }
        bytes += piece[..<count]
    }
    guard bytes.count <= maximumBytes else { throw UnreadableFile("it has more than \(maximumBytes) bytes") }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw UnreadableFile("it is not UTF-8 text") }
    return text
}

/// Whether there is such a directory.
func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
