internal import Sockets
internal import SystemPackage

/// One of the kernel's settings under `/proc/sys`.
enum KernelSetting {
    /// The value without its line end.
    static func read(_ path: String) throws -> String {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        return try file.closeAfter {
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
            return String(decoding: bytes[0..<count].filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        }
    }

    /// Sets it in a network namespace. What stands under `/proc/sys/net` is that of the thread that opens the file, so a thread of
    /// its own goes there.
    static func write(_ value: String, to path: String, inNamespace namespacePath: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            do throws(SocketError) {
                _ = try OwnedThread.start(name: "lab-setting", networkNamespace: namespacePath) { started in
                    started(nil)
                    continuation.resume(
                        with: Result {
                            let file = try FileDescriptor.open(FilePath(path), .writeOnly)
                            _ = try file.closeAfter { try file.writeAll(value.utf8) }
                        })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
