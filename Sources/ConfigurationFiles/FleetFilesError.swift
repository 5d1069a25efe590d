import Glibc

/// Why the files of a fleet could not be read.
public struct FleetFilesError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        /// There is nothing at the path.
        case notFound
        /// There is something, and the system does not let us read it.
        case notReadable
        /// A pipe, a socket, a device.
        case notAFile
        /// A directory without a file of ours.
        case nothingFound
        /// Bytes that are not UTF-8.
        case notText
    }
    public let code: Code
    /// `errno`, where the system refused.
    public let underlying: Int32?
    /// The path.
    public let context: String
    /// Files are put in their place by people and mounts: reading again by itself helps only while a mount settles.
    public var isRetriable: Bool { code == .notFound || code == .nothingFound }

    init(_ code: Code, _ context: String, errorNumber: Int32? = nil) {
        self.code = code
        self.underlying = errorNumber
        self.context = context
    }

    public var description: String {
        switch code {
        case .notFound: "\(context): there is no such file or directory"
        case .notReadable: "\(context): cannot be read: \(reason)"
        case .notAFile: "\(context): is neither a file nor a directory"
        case .nothingFound: "\(context): has no file that ends in .yaml or .yml"
        case .notText: "\(context): is not UTF-8 text"
        }
    }

    private var reason: String {
        guard let underlying, let words = unsafe strerror(underlying) else { return "unknown" }
        return unsafe String(cString: words)
    }
}
