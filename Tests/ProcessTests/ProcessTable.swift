import Glibc

/// What the kernel says of running processes (`/proc`, see proc(5)).
enum ProcessTable {
    struct Entry: Sendable {
        let identifier: Int32
        let arguments: [String]

        /// The word that follows an option.
        func option(_ name: String) -> String? {
            guard let place = arguments.firstIndex(of: name), arguments.indices.contains(place + 1) else { return nil }
            return arguments[place + 1]
        }
    }

    /// Every process that has `text` in its command line or works in a directory that has: a zombie has neither.
    static func naming(_ text: String) -> [Entry] {
        entries(of: "/proc").compactMap { name in
            guard let identifier = Int32(name) else { return nil }
            let arguments = words(of: "/proc/\(name)/cmdline")
            let directory = link("/proc/\(name)/cwd") ?? ""
            guard arguments.contains(where: { $0.contains(text) }) || directory.contains(text) else { return nil }
            return Entry(identifier: identifier, arguments: arguments)
        }
    }

    /// `R`, `S`, `T` (stopped by a signal), `Z` …; nil where there is no such process.
    static func state(of identifier: Int32) -> Character? {
        // The name stands in parentheses and may hold anything.
        guard let text = read("/proc/\(identifier)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[end...].dropFirst(2).first
    }

    static func isRunning(_ identifier: Int32) -> Bool { state(of: identifier).map { $0 != "Z" } ?? false }

    /// The children of a process, and theirs.
    static func descendants(of identifier: Int32) -> Set<Int32> {
        var children: [Int32: [Int32]] = [:]
        for process in entries(of: "/proc").compactMap({ Int32($0) }) {
            guard let text = read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")"),
                let parent = text[end...].dropFirst(4).split(separator: " ").first.flatMap({ Int32($0) })
            else { continue }
            children[parent, default: []].append(process)
        }
        var found: Set<Int32> = []
        var open = [identifier]
        while let next = open.popLast() {
            for child in children[next] ?? [] where found.insert(child).inserted { open.append(child) }
        }
        return found
    }

    /// The paths that a process has open for writing.
    static func written(by identifier: Int32) -> [String] {
        entries(of: "/proc/\(identifier)/fd").compactMap { number in
            guard let information = read("/proc/\(identifier)/fdinfo/\(number)"), let path = link("/proc/\(identifier)/fd/\(number)"),
                let flags = information.split(separator: "\n").first(where: { $0.hasPrefix("flags:") })?.split(separator: "\t").last,
                let bits = Int32(flags, radix: 8), bits & (O_WRONLY | O_RDWR) != 0
            else { return nil }
            return path
        }
    }

    /// The paths at which a process listens on Unix sockets, or is connected to by.
    static func boundSockets(of identifiers: Set<Int32>) -> [String] {
        let numbers = Set(identifiers.flatMap { process in
            entries(of: "/proc/\(process)/fd").compactMap { link("/proc/\(process)/fd/\($0)") }.filter { $0.hasPrefix("socket:[") }
        })
        return (read("/proc/net/unix") ?? "").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 8, numbers.contains("socket:[\(words[6])]") else { return nil }
            return String(words[7])
        }
    }

    /// The files of shared memory (`/dev/shm`) that processes have mapped.
    static func sharedMemoryFiles(of identifiers: Set<Int32>) -> Set<String> {
        Set(identifiers.flatMap { process in
            (read("/proc/\(process)/maps") ?? "").split(separator: "\n").compactMap { line in
                line.split(separator: " ").last.map(String.init).flatMap { $0.hasPrefix("/dev/shm/") ? $0 : nil }
            }
        })
    }

    /// Segments of System V shared memory that these processes made and that still stand.
    static func sharedMemorySegments(madeBy identifiers: Set<Int32>) -> [String] {
        (read("/proc/sysvipc/shm") ?? "").split(separator: "\n").dropFirst().compactMap { line in
            let words = line.split(separator: " ")
            return words.count > 4 && Int32(words[4]).map(identifiers.contains) == true ? String(words[1]) : nil
        }
    }

    /// The names in a directory; none where it cannot be read.
    static func entries(of directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func link(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let length = bytes.withUnsafeMutableBytes { readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), 4_095) }
        return length < 0 ? nil : String(decoding: bytes[..<length], as: UTF8.self)
    }

    private static func words(of path: String) -> [String] {
        (read(path) ?? "").split(separator: "\0").map(String.init)
    }

    /// A whole file; nil where it cannot be read. (Those of /proc have no size.)
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
