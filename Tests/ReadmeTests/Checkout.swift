import Foundation

/// The checkout that these tests were built from.
enum Checkout {
    /// Links are followed, so that a package that borrows the sources is held against the real tree.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path) }

    /// Paths of the files under a folder with one of these endings, from the root, in order.
    static func files(under folder: String, endings: [String]) -> [String] {
        let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)?.compactMap { $0 as? String } ?? []
        return names.filter { name in endings.contains { name.hasSuffix($0) } }.map { "\(folder)/\($0)" }.sorted()
    }

    /// The texts of such files, by path. A file that cannot be read now is somebody's editor at work.
    static func texts(under folders: [String], endings: [String]) -> [String: String] {
        let paths = folders.flatMap { files(under: $0, endings: endings) }
        return Dictionary(uniqueKeysWithValues: paths.compactMap { path in (try? text(path)).map { (path, $0) } })
    }

    /// Names of the folders directly inside a folder that hold at least one file.
    static func folders(in folder: String) -> Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)) ?? []
        return Set(names.filter { !files(under: "\(folder)/\($0)", endings: [""]).isEmpty })
    }
}
