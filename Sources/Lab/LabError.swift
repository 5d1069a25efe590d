/// The lab cannot run here, or one of its programs failed. The description is a sentence with the next step.
public struct LabError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        case needsRoot
        /// A program is not installed; `underlying` is the Debian package.
        case toolMissing
        /// The kernel lacks what the lab pins, such as a congestion control.
        case kernelLacks
        case failed
    }
    public let code: Code
    public let underlying: String?
    public let context: String
    /// Nothing here mends itself.
    public var isRetriable: Bool { false }

    public init(_ code: Code, underlying: String? = nil, context: String) {
        self.code = code
        self.underlying = underlying
        self.context = context
    }

    public var description: String {
        let detail = underlying.map { " (\($0))" } ?? ""
        return switch code {
        case .needsRoot: "\(context): network namespaces need root; run it as root"
        case .toolMissing: "\(context): the program is not installed; install the package \(underlying ?? "")"
        case .kernelLacks: "\(context): the kernel does not offer it\(detail)"
        case .failed: "\(context)\(detail)"
        }
    }
}
