internal import Glibc

/// Bytes that are never printed and are overwritten when the last holder lets go: keys, tokens, certificates with keys.
/// Copies made by a reader of `withBytes` are the reader's.
@safe
public final class SecretBytes: Sendable {
    // Written in init and overwritten in deinit only, when nobody else holds this object; read-only between.
    private nonisolated(unsafe) let storage: UnsafeMutableBufferPointer<UInt8>

    public init(_ bytes: some Collection<UInt8>) {
        unsafe storage = .allocate(capacity: bytes.count)
        _ = unsafe storage.initialize(from: bytes)
    }
    public convenience init(_ text: String) { self.init(Array(text.utf8)) }

    deinit {
        if let start = unsafe storage.baseAddress { unsafe explicit_bzero(start, storage.count) }
        unsafe storage.deallocate()
    }

    public var count: Int { unsafe storage.count }
    public func withBytes<Value>(_ body: ([UInt8]) throws -> Value) rethrows -> Value { try body(unsafe Array(storage)) }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
    public var description: String { "\(count) secret bytes" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
