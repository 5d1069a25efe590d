import Glibc
import ScriptedHTTP

/// A directory of a test's own that others may enter and not list, because PostgreSQL runs under another account.
final class SceneDirectory: Sendable {
    private let directory = TemporaryDirectory()
    var path: String { directory.path }

    init() { precondition(chmod(directory.path, 0o711) == 0, "the temporary directory cannot be opened to others") }

    func file(_ name: String) -> String { directory.file(name) }
    @discardableResult
    func write(_ text: String, to name: String) -> String { directory.write(text, to: name) }
}
