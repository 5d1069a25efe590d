public import Quantities

// The readings of single words.
extension ConfigurationField {
    public func rate() -> BitRate? {
        guard let text = text() else { return nil }
        do { return try BitRate(parsing: text) } catch {
            report(error.description)
            return nil
        }
    }

    /// A rate that a CNI can enforce: never 0, which it would read as unlimited.
    public func enforceableRate() -> BitRate? {
        guard let text = text() else { return nil }
        let smallest = BandwidthAnnotation.cilium.smallestEnforceable
        guard text != "0" else {
            report("0 would be read as unlimited; write at least \(smallest)")
            return nil
        }
        guard let rate = rate() else { return nil }
        guard rate >= smallest else {
            report("\(text) cannot be enforced and would be read as unlimited; write at least \(smallest)")
            return nil
        }
        return rate
    }

    public func time(in range: ClosedRange<Nanoseconds>) -> Nanoseconds? {
        guard let text = text() else { return nil }
        do {
            let time = try Nanoseconds(parsing: text)
            guard range.contains(time) else {
                report("\(text) is not in \(range.lowerBound)…\(range.upperBound)")
                return nil
            }
            return time
        } catch {
            report(error.description)
            return nil
        }
    }

    /// Whole days, such as `90d`.
    public func days(in range: ClosedRange<Int32>) -> Int32? {
        guard let text = text() else { return nil }
        guard text.hasSuffix("d"), let days = Int32(text.dropLast()) else {
            report("'\(text)' is no number of days; write whole days with their unit, such as 90d")
            return nil
        }
        guard range.contains(days) else {
            report("\(text) is not in \(range.lowerBound)d…\(range.upperBound)d")
            return nil
        }
        return days
    }

    /// A delay of at least 1 µs; it is stored in units of 100 ns, so a finer one is refused rather than rounded.
    public func delay() -> Delay? {
        guard let time = time(in: .microseconds(1)...(.seconds(60))) else { return nil }
        guard time.count % 100 == 0 else {
            report("\(time) is finer than 100ns, the unit in which delays are kept")
            return nil
        }
        return Delay(rounding: time)
    }

    public func integer(in range: ClosedRange<Int>) -> Int? {
        guard let text = text() else { return nil }
        guard let value = Int(text) else {
            report("'\(text)' is not a whole number; write one in \(range.lowerBound)…\(range.upperBound)")
            return nil
        }
        guard range.contains(value) else {
            report("\(text) is not in \(range.lowerBound)…\(range.upperBound)")
            return nil
        }
        return value
    }

    func port() -> UInt16? { integer(in: 1...65_535).map { UInt16($0) } }

    public func boolean() -> Bool? {
        switch text() {
        case nil: return nil
        case "true": return true
        case "false": return false
        case .some(let other):
            report("'\(other)' is neither true nor false")
            return nil
        }
    }

    /// `0.1%` as parts per million, 0 … 100 %.
    public func partsPerMillion() -> Int32? {
        guard let text = text() else { return nil }
        guard text.last == "%" else {
            report("'\(text)' has no unit; write a percentage such as 0.1%")
            return nil
        }
        guard let millionths = exactDecimal(text.dropLast(), scale: 4), millionths <= 1_000_000 else {
            report("'\(text)' is not a percentage in 0%…100% with at most four decimals")
            return nil
        }
        return Int32(millionths)
    }

    /// A positive decimal such as `1.5`, in millionths.
    public func weightMillionths() -> Int64? {
        guard let text = text() else { return nil }
        guard let millionths = exactDecimal(text[...], scale: 6), (1...1_000_000_000_000).contains(millionths) else {
            report("'\(text)' is not a weight; write a number above 0 and up to 1000000, with at most six decimals")
            return nil
        }
        return millionths
    }

    public func oneOf<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> Word? where Word.RawValue == String {
        guard let text = text() else { return nil }
        if let word = Word(rawValue: text) { return word }
        report("'\(text)' is not known here; \(NearestName.hint(for: text, among: Word.allCases.map(\.rawValue)))")
        return nil
    }

    public func oneOf(_ words: [String]) -> String? {
        guard let text = text() else { return nil }
        if words.contains(text) { return text }
        report("'\(text)' is not known here; \(NearestName.hint(for: text, among: words))")
        return nil
    }

    /// A name of our own: lower-case letters, digits and hyphens, at most 63, as an RFC 1123 label.
    public func name() -> String? { name(allowing: "-", longest: 63) }

    /// The name of a Kubernetes object: dots as well, at most 253.
    func objectName() -> String? { name(allowing: "-.", longest: 253) }

    private func name(allowing inner: String, longest: Int) -> String? {
        guard let text = text() else { return nil }
        let isWellFormed = text.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || inner.utf8.contains($0)
        }
        let edges = [text.utf8.first, text.utf8.last]
        guard isWellFormed, !text.isEmpty, text.utf8.count <= longest, edges.allSatisfy({ $0.map { !inner.utf8.contains($0) } ?? false })
        else {
            report("'\(text)' is not a name; write lower-case letters, digits and hyphens, at most \(longest)")
            return nil
        }
        return text
    }

    /// An address that begins with one of `schemes` and names a host.
    func url(schemes: [String] = ["http://", "https://"]) -> String? {
        guard let text = text() else { return nil }
        guard let scheme = schemes.first(where: { text.hasPrefix($0) }), text.utf8.count > scheme.utf8.count,
            !text.contains(where: \.isWhitespace)
        else {
            report("'\(text)' is not an address; begin it with \(schemes.joined(separator: " or "))")
            return nil
        }
        return text
    }

    /// `host:port`, `192.0.2.1:862` or `[2001:db8::1]:862`.
    func hostAndPort() -> (host: String, port: UInt16)? {
        guard let text = text() else { return nil }
        guard let colon = text.lastIndex(of: ":") else {
            report("'\(text)' has no port; write host:port")
            return nil
        }
        let port = text[text.index(after: colon)...]
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") {
            report("'\(text)' is ambiguous; write an IPv6 address in brackets, [address]:port")
            return nil
        }
        guard !host.isEmpty, !host.contains(where: \.isWhitespace) else {
            report("'\(text)' has no host; write host:port")
            return nil
        }
        guard let number = Int(port), (1...65_535).contains(number) else {
            report("port '\(port)' is not in 1…65535")
            return nil
        }
        return (String(host), UInt16(number))
    }

    /// A non-negative decimal times ten to the `scale`, exactly; nil where it is malformed, finer or too large.
    private func exactDecimal(_ text: Substring, scale: Int) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        guard let whole = parts.first, !whole.isEmpty, whole.count <= 12, fraction.count <= scale, parts.count == 1 || !fraction.isEmpty,
            (whole + fraction).allSatisfy({ $0.isASCII && $0.isNumber })
        else { return nil }
        return Int64(whole + fraction + String(repeating: "0", count: scale - fraction.count))
    }
}
