public import JSONDocument
public import Quantities

extension JSONValue {
    /// A delay in milliseconds with the four digits that it is stored with; null where there is none.
    public static func milliseconds(_ delay: Delay?) -> JSONValue { .measured(delay?.milliseconds, fractionDigits: 4) }
    /// A rate in whole bits per second; null where there is none.
    public static func bitsPerSecond(_ rate: BitRate?) -> JSONValue { .optional(rate?.bitsPerSecond) }
}
