import Adapters
import ChildProcesses
import Glibc

/// Directories and files that `dev` and `lab` make for themselves, and take away again.
enum PrivateDirectory {
    /// The environment of the processes started there: nothing of the caller's, so that one run is like another.
    static let environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/"]

    /// A fresh directory below /tmp that others may enter and not list: PostgreSQL runs under another account.
    static func make(prefix: String) throws -> String {
        var template = Array("/tmp/\(prefix)-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw AssemblyError("no temporary directory can be made in /tmp") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        _ = unsafe chmod(path, 0o711)
        return path
    }

    static func write(_ path: String, _ text: String, mode: mode_t) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw AssemblyError("\(path) cannot be written: \(unsafe String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw AssemblyError("\(path) could not be written whole") }
    }

    static func remove(_ path: String) {
        // What is left in /tmp harms nobody.
        _ = try? ChildProcess(["rm", "-rf", "--", path], log: "/dev/null", environment: environment).awaitEnd(milliseconds: 10_000)
    }

    /// The directory of the running binary: its sister stands beside it.
    static var ofThisBinary: String {
        var path = [UInt8](repeating: 0, count: 4_096)
        let length = unsafe path.withUnsafeMutableBytes { buffer in
            unsafe readlink("/proc/self/exe", buffer.baseAddress!.assumingMemoryBound(to: CChar.self), 4_095)
        }
        let whole = String(decoding: path.prefix(max(0, length)), as: UTF8.self)
        return whole.lastIndex(of: "/").map { String(whole[..<$0]) } ?? "."
    }
}
