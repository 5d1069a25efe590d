/// A value in a box that nobody changes: what is large, and handed on by many, is copied as one reference.
struct Boxed<Value: Hashable & Sendable>: Hashable, Sendable {
    private final class Box: Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }
    private var box: Box
    var value: Value {
        get { box.value }
        set { box = Box(newValue) }
    }
    init(_ value: Value) { box = Box(value) }

    static func == (left: Boxed, right: Boxed) -> Bool { left.box === right.box || left.box.value == right.box.value }
    func hash(into hasher: inout Hasher) { hasher.combine(box.value) }
}
