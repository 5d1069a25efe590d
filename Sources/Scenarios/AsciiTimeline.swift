import Quantities

/// A row of numbers over time in plain characters: ten lines, one column per step.
struct AsciiTimeline {
    let unit: String
    let values: [Double]
    let fractionDigits: Int
    private static let height = 10

    var text: String {
        let top = max(values.max() ?? 1, 1e-9)
        let labels = (0..<AsciiTimeline.height).map { line in
            decimal(top * Double(AsciiTimeline.height - line) / Double(AsciiTimeline.height), fractionDigits: fractionDigits)
        }
        let width = max(labels.map(\.count).max() ?? 0, unit.count)
        var lines = [padded(unit, width) + " "]
        for (line, label) in labels.enumerated() {
            let level = AsciiTimeline.height - line
            let bars = values.map { value in Int((value / top * Double(AsciiTimeline.height)).rounded(.up)) >= level ? "#" : " " }.joined()
            lines.append("\(padded(label, width)) |\(trimmed(bars))")
        }
        lines.append("\(padded("0", width)) +" + String(repeating: "-", count: values.count))
        return lines.map(trimmed).joined(separator: "\n") + "\n"
    }

    private func padded(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
    private func trimmed(_ text: String) -> String {
        var text = text
        while text.last == " " { text.removeLast() }
        return text
    }
}
