/// A number with its noun: `1 entry`, `2 entries`, `0 gaps`.
func counted(_ number: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    number == 1 ? "1 \(one)" : "\(number) \(many ?? one + "s")"
}
