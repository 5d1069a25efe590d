import Quantities

/// Writes SVG as text: elements, attributes, escaped words. What is written is well-formed XML whatever the words contain.
struct MarkupWriter {
    private(set) var text = ""

    mutating func open(_ element: String, _ attributes: KeyValuePairs<String, String> = [:]) {
        text += "<\(element)\(MarkupWriter.joined(attributes))>\n"
    }
    mutating func close(_ element: String) { text += "</\(element)>\n" }
    mutating func empty(_ element: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<\(element)\(MarkupWriter.joined(attributes))/>\n"
    }
    mutating func leaf(_ element: String, _ attributes: KeyValuePairs<String, String> = [:], _ words: String) {
        text += "<\(element)\(MarkupWriter.joined(attributes))>\(markupEscaped(words))</\(element)>\n"
    }

    private static func joined(_ attributes: KeyValuePairs<String, String>) -> String {
        attributes.map { " \($0.key)=\"\(markupEscaped($0.value))\"" }.joined()
    }
}

/// A word as it may stand in XML or HTML, in text and in a quoted attribute alike. Characters that XML 1.0 forbids become U+FFFD.
public func markupEscaped(_ word: String) -> String {
    var escaped = ""
    for scalar in word.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "'": escaped += "&#39;"
        case "\n", "\t", "\r": escaped.unicodeScalars.append(scalar)
        default: escaped.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF ? "\u{FFFD}" : scalar)
        }
    }
    return escaped
}

/// A coordinate with at most one digit behind the point: a tenth of a pixel is finer than a screen shows.
func coordinate(_ value: Double) -> String {
    let text = decimal(value, fractionDigits: 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
