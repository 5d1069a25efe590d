import Glibc

/// Writes a small file as a kubelet or a person would.
func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw FileProblem(path: path) }
    fputs(text, file)
    fclose(file)
}
struct FileProblem: Error { let path: String }
