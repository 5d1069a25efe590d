import Quantities

/// Writes block-style YAML; every word that a person chose freely stands in double quotes.
struct YAMLWriter {
    private(set) var text = ""
    private var indent = 0
    /// The dash of a list element waits for the element's first key.
    private var dash = false

    mutating func line(_ content: String) {
        text += String(repeating: " ", count: dash ? indent - 2 : indent) + (dash ? "- " : "") + content + "\n"
        dash = false
    }
    mutating func value(_ key: String, _ value: some CustomStringConvertible) { line("\(key): \(value)") }
    mutating func quoted(_ key: String, _ value: String?) { if let value { line("\(key): \(doubleQuoted(value))") } }
    /// With a suffix even where it is no whole number of kilobits: a bare number would be refused.
    mutating func rate(_ key: String, _ rate: BitRate) {
        let isWhole = rate != .zero && rate.bitsPerSecond % 1_000 == 0
        value(key, isWhole ? rate.description : decimalText(rate.bitsPerSecond, scale: 3) + "k")
    }
    mutating func block(_ key: String, _ body: (inout YAMLWriter) -> Void) {
        line("\(key):")
        indent += 2
        body(&self)
        indent -= 2
    }
    mutating func list<Element>(_ key: String, _ elements: [Element], _ body: (inout YAMLWriter, Element) -> Void) {
        guard !elements.isEmpty else { return }
        line("\(key):")
        indent += 4
        for element in elements {
            dash = true
            body(&self, element)
        }
        indent -= 4
    }
    mutating func header(kind: FleetDocument.Kind, name: String, _ body: (inout YAMLWriter) -> Void) {
        text += "---\n"
        value("apiVersion", FleetDocument.apiVersion)
        value("kind", kind.rawValue)
        block("metadata") { $0.quoted("name", name) }
        block("spec", body)
    }
}

/// YAML's double-quoted form, in which JSON's escapes hold (YAML 1.2, 7.3.1).
func doubleQuoted(_ word: String) -> String {
    var quoted = "\""
    for scalar in word.unicodeScalars {
        switch scalar {
        case "\"": quoted += "\\\""
        case "\\": quoted += "\\\\"
        case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || [0x2028, 0x2029, 0xFEFF].contains(scalar.value):
            let digits = String(scalar.value, radix: 16)
            quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: quoted.unicodeScalars.append(scalar)
        }
    }
    return quoted + "\""
}

/// A whole number divided by ten to the `scale`, without trailing zeros: `1.5`.
func decimalText(_ value: Int64, scale: Int) -> String {
    let digits = String(value)
    let padded = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
    var fraction = padded.suffix(scale)
    while fraction.last == "0" { fraction.removeLast() }
    return padded.dropLast(scale) + (fraction.isEmpty ? "" : ".\(fraction)")
}
