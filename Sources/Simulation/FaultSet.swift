/// The faults that hold at one place now.
struct FaultSet: OptionSet, Sendable {
    let rawValue: UInt32
    init(rawValue: UInt32) { self.rawValue = rawValue }
    init(_ kind: FaultKind) { self.init(rawValue: 1 << FaultSet.bit(of: kind)) }

    private static let order = Dictionary(uniqueKeysWithValues: FaultKind.allCases.enumerated().map { ($1, UInt32($0)) })
    private static func bit(of kind: FaultKind) -> UInt32 { order[kind] ?? 31 }

    static let partition = FaultSet(.partition)
    static let requestsLost = FaultSet(.requestsLost)
    static let answersLost = FaultSet(.answersLost)
    static let delay = FaultSet(.delay)
    static let loss = FaultSet(.loss)
    static let duplication = FaultSet(.duplication)
    static let reorder = FaultSet(.reorder)
    static let logDown = FaultSet(.logDown)
    static let apiSlow = FaultSet(.apiSlow)
    static let apiConflict = FaultSet(.apiConflict)
    static let apiInvalid = FaultSet(.apiInvalid)
    static let apiThrottled = FaultSet(.apiThrottled)
    static let apiError = FaultSet(.apiError)
    static let apiSilent = FaultSet(.apiSilent)
    static let diskFull = FaultSet(.diskFull)
    static let sourcePoor = FaultSet(.sourcePoor)
}
