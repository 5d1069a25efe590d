public import Fleet
import Glibc

/// Finds and opens the files of a fleet; what they mean is `FleetDocument`'s.
public enum FleetFiles {
    /// Reads and checks the files at `paths` as one fleet.
    ///
    /// A path is a file, or a directory whose own `.yaml` and `.yml` files are taken in order of name (no subdirectories and nothing
    /// that begins with a dot, so that a mounted ConfigMap counts once). Throws `FleetFilesError` where a file cannot be read;
    /// files that can be read and are wrong come back as problems. `isPart`: see `FleetDocument.read`.
    public static func read(_ paths: [String], isPart: Bool = false) throws(FleetFilesError) -> (
        configuration: FleetConfiguration?, problems: [ConfigurationProblem]
    ) {
        FleetDocument.read(try load(paths), isPart: isPart)
    }

    /// The text of each file, by name.
    public static func load(_ paths: [String]) throws(FleetFilesError) -> [(name: String, text: String)] {
        var names: [String] = []
        for path in paths { names += try files(at: path) }
        var loaded: [(name: String, text: String)] = []
        for name in names where !loaded.contains(where: { $0.name == name }) {
            loaded.append((name, try text(of: name)))
        }
        return loaded
    }

    private static func files(at path: String) throws(FleetFilesError) -> [String] {
        guard try isDirectory(path) else { return [path] }
        guard let directory = unsafe opendir(path) else { throw FleetFilesError(.notReadable, path, errorNumber: errno) }
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            guard !name.hasPrefix("."), FleetDocument.fileNameEndings.contains(where: { name.hasSuffix($0) }) else { continue }
            names.append(path.hasSuffix("/") ? path + name : "\(path)/\(name)")
        }
        guard !names.isEmpty else { throw FleetFilesError(.nothingFound, path) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func isDirectory(_ path: String) throws(FleetFilesError) -> Bool {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw FleetFilesError(errno == ENOENT ? .notFound : .notReadable, path, errorNumber: errno)
        }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    /// At most one byte more than `FleetDocument` accepts, so that it is the one to say that a file is too large.
    private static func text(of path: String) throws(FleetFilesError) -> String {
        // Without O_NONBLOCK a named pipe would hold us here for ever.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FleetFilesError(errno == ENOENT ? .notFound : .notReadable, path, errorNumber: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FleetFilesError(.notAFile, path)
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= FleetDocument.maximumFileBytes {
            let count = unsafe Glibc.read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FleetFilesError(.notReadable, path, errorNumber: errno) }
            if count == 0 { break }
            bytes += piece[..<count]
        }
        guard bytes.count > FleetDocument.maximumFileBytes || String(validating: bytes, as: UTF8.self) != nil else {
            throw FleetFilesError(.notText, path)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
