public import Allocation

/// An instance in the format `wan-alloc/1`: JSON in which rates have one unit and links, budgets and demands have ids.
///
/// Links and budgets become resources, a link's capacity less what critical flows have reserved on it. Numbers are read to a
/// billionth of a bit per second and shared with their fractions; what comes out is whole bits.
/// Weights become whole numbers by one power of ten for all of them, at least 10⁶: only their ratios matter.
public struct InstanceDocument: Sendable {
    public static let format = "wan-alloc/1"

    public let name: String?
    public let unit: RateUnit
    public let instance: AllocationInstance
    /// The weights of `instance` are those of the document times ten to this power.
    public let weightPower: Int

    /// Reads a document. Throws the first breach of the format, with line, column and path.
    public init(parsing bytes: [UInt8]) throws(AllocationDocumentError) {
        var parser = try InstanceParser(bytes)
        self = try parser.document()
    }

    init(name: String?, unit: RateUnit, instance: AllocationInstance, weightPower: Int) {
        self.name = name
        self.unit = unit
        self.instance = instance
        self.weightPower = weightPower
    }
}
