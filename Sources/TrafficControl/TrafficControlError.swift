/// A device whose limit could not be read or set. The description is a sentence for people, with the next step where there is one.
public struct TrafficControlError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// The program is not installed.
        case toolMissing
        /// The process lacks CAP_NET_ADMIN.
        case notPermitted
        case noSuchDevice
        case noSuchNamespace
        /// Someone else configured a queueing discipline there: it is not ours to replace.
        case foreignDiscipline
        /// The rate is below the smallest that is enforced. Nothing was changed.
        case rateTooLow
        /// The kernel took the command, and then shows another rate.
        case notApplied
        /// The program did not end in time; whether it did its work is unknown until the device is read.
        case timedOut
        /// What the program printed cannot be read.
        case unreadable
        case failed
    }

    public let code: Code
    /// What the program said, as given, cut to its first line; or nil.
    public let underlying: String?
    /// Which device, and what was tried.
    public let context: String

    public init(_ code: Code, underlying: String? = nil, context: String) {
        self.code = code
        self.underlying = underlying
        self.context = context
    }

    public var isRetriable: Bool {
        switch code {
        case .noSuchDevice, .noSuchNamespace, .notApplied, .timedOut, .unreadable, .failed: true
        case .toolMissing, .notPermitted, .foreignDiscipline, .rateTooLow: false
        }
    }

    public var description: String {
        let sentence =
            switch code {
            case .toolMissing: "the program is not installed; install the package iproute2"
            case .notPermitted: "not permitted; run as root or with CAP_NET_ADMIN"
            case .noSuchDevice: "there is no such network device"
            case .noSuchNamespace: "there is no such network namespace"
            case .foreignDiscipline: "someone else configured a queueing discipline there; remove it, or name another device"
            case .rateTooLow: "the rate is below the smallest that is enforced"
            case .notApplied: "the kernel does not show the rate that was set"
            case .timedOut: "the program did not end in time"
            case .unreadable: "the program printed what we cannot read"
            case .failed: "the program failed"
            }
        return underlying.map { "\(context): \(sentence) (\($0))" } ?? "\(context): \(sentence)"
    }
}
