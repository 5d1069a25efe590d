import Quantities

/// One line for people from text that others wrote: control characters (a line break, a terminal's escape) become spaces, and what
/// is longer than `limit` characters ends in `…`. Escaping for HTML or SQL is the business of whoever writes those.
public func plainLine(_ text: String, limit: Int = 400) -> String {
    var line = ""
    var count = 0
    for scalar in text.unicodeScalars {
        count += 1
        if count > limit { return line + "…" }
        line.unicodeScalars.append(isVisible(scalar) ? scalar : " ")
    }
    return line
}

/// Controls (C0, C1), line separators and the marks that turn the writing direction are not shown as they are.
private func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: false
    default: true
    }
}

/// A delay exactly as stored: two digits behind the point in ms, or up to four where they are not zero. `1.20 ms`, `1.2001 ms`.
func exact(_ delay: Delay) -> String {
    let digits = delay.hundredNanoseconds % 100 == 0 ? 2 : delay.hundredNanoseconds % 10 == 0 ? 3 : 4
    return "\(decimal(delay.milliseconds, fractionDigits: digits)) ms"
}

func exact(_ delay: Delay?) -> String { delay.map { exact($0) } ?? "no number" }

/// Parts per million as a percentage: `0.25 %`.
func percent(partsPerMillion: Int32) -> String { "\(decimal(Double(partsPerMillion) / 10_000, fractionDigits: 2)) %" }

/// A span given in milliseconds: `40 ms`, from a second on `5.0 s`.
func span(milliseconds: Int32) -> String {
    milliseconds.magnitude < 1_000 ? "\(milliseconds) ms" : "\(decimal(Double(milliseconds) / 1_000, fractionDigits: 1)) s"
}

func rate(_ rate: BitRate?, none: String) -> String { rate.map(\.readable) ?? none }
