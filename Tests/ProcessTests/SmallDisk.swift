import Glibc
import Testing

/// A file system of a few megabytes, in memory, that a test fills and frees. Needs root.
final class SmallDisk: Sendable {
    static var isPossible: Bool { geteuid() == 0 }

    let path: String

    init(in directory: SceneDirectory, name: String, megabytes: Int) throws {
        path = directory.file(name)
        try #require(mkdir(path, 0o711) == 0)
        try #require(mount("fairlead-test", path, "tmpfs", 0, "size=\(megabytes)m,mode=0711") == 0, "tmpfs cannot be mounted: errno \(errno)")
    }
    deinit { umount2(path, Int32(MNT_DETACH)) }

    private var ballast: String { "\(path)/ballast" }

    /// Takes every free byte.
    func fill() throws {
        let descriptor = open(ballast, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        for size in [1 << 20, 1 << 12, 1] {
            let piece = [UInt8](repeating: 0x55, count: size)
            while write(descriptor, piece, size) > 0 {}
        }
        #expect(errno == ENOSPC)
    }
    func free() { unlink(ballast) }
}
