internal import Glibc

/// Where this machine's PostgreSQL programs are.
public struct PostgresInstallation: Hashable, Sendable {
    /// The directory that holds `initdb` and `postgres`.
    public let programs: String

    public init(programs: String) { self.programs = programs }

    /// Looks on PATH, then in `/usr/lib/postgresql/*/bin` (where Debian keeps them, off PATH), the highest version first.
    public static func find() throws(PrivatePostgresError) -> PostgresInstallation {
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
        let onPath = path.split(separator: ":").map(String.init)
        let versions = directoryEntries("/usr/lib/postgresql").compactMap(Int.init).sorted(by: >)
        for candidate in onPath + versions.map({ "/usr/lib/postgresql/\($0)/bin" })
        where isExecutable("\(candidate)/initdb") && isExecutable("\(candidate)/postgres") {
            return PostgresInstallation(programs: candidate)
        }
        throw PrivatePostgresError(
            .notInstalled, "PostgreSQL's initdb and postgres were not found on PATH or in /usr/lib/postgresql; install them with: apt-get install postgresql")
    }

    public var initdb: String { "\(programs)/initdb" }
    public var postgres: String { "\(programs)/postgres" }
}

func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

func directoryEntries(_ path: String) -> [String] {
    guard let directory = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
}
