import Foundation

/// The checkout that these tests were built from.
enum ProjectTree {
    /// Links are followed, so that a package that borrows the sources is held against the real tree.
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Paths of the Swift files under a folder, from the root, in order.
    static func swiftFiles(under folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".swift") }.map { "\(folder)/\($0)" }.sorted()
    }

    /// Every Swift source of the tree by its path, taken apart once.
    static let sources: [String: SwiftSource] = Dictionary(
        uniqueKeysWithValues: ["Sources", "Tests", "schema"].flatMap(swiftFiles(under:)).compactMap { file in
            // A file that was there a moment ago and cannot be read now is somebody's editor at work.
            (try? text(file)).map { (file, SwiftSource($0)) }
        })

    /// The sources under a folder, in the order of their paths.
    static func sources(under folder: String) -> [(file: String, source: SwiftSource)] {
        sources.filter { $0.key.hasPrefix(folder + "/") }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Names of the folders directly inside a folder that hold at least one file.
    static func folders(in folder: String) -> Set<String> {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)) ?? []
        return Set(
            names.filter { name in
                let files = FileManager.default.enumerator(atPath: root.appendingPathComponent("\(folder)/\(name)").path)
                return files?.contains { ($0 as? String)?.contains(".") == true } == true
            })
    }
}
