import JSONDocument
public import Quantities

/// A message to one receiver about the alerts of one cluster: what the outbox stores, and what is sent until it is acknowledged.
public struct AlertNotification: Equatable, Sendable {
    /// The idempotency key: the same news for the same receiver have the same one, also when they are worked out again after a crash.
    public var id: String
    public var receiver: String
    public var cluster: String
    public var told: [ToldAlert]
    /// The request's body: Alertmanager's webhook payload, version 4.
    public var body: String

    public init(id: String, receiver: String, cluster: String, told: [ToldAlert], body: String) {
        self.id = id
        self.receiver = receiver
        self.cluster = cluster
        self.told = told
        self.body = body
    }
}

/// What a receiver was told of one alert. Kept with the notification, so that a successor knows what was told.
public struct ToldAlert: Hashable, Sendable {
    public var fingerprint: String
    public var isFiring: Bool
    public var startsAt: WallTime

    public init(fingerprint: String, isFiring: Bool, startsAt: WallTime) {
        self.fingerprint = fingerprint
        self.isFiring = isFiring
        self.startsAt = startsAt
    }
}

extension ToldAlert {
    /// A list of them as JSON, for the outbox: `[{"fingerprint":"…","firing":true,"starts_at_us":…}]`.
    public static func text(of list: [ToldAlert]) -> String {
        let elements: [JSONValue] = list.map { told in
            [
                "fingerprint": .string(told.fingerprint), "firing": .bool(told.isFiring),
                "starts_at_us": .integer(told.startsAt.microseconds),
            ]
        }
        return JSONValue.array(elements).text
    }

    /// Reads what `text(of:)` wrote, in whatever order and spacing a database gives it back; nil where it is something else.
    public static func list(parsing text: String) -> [ToldAlert]? {
        guard let elements = (try? JSONValue(parsing: text))?.array else { return nil /* the row was not written by us */ }
        var list: [ToldAlert] = []
        for element in elements {
            guard let fingerprint = element["fingerprint"]?.string, let isFiring = element["firing"]?.bool,
                let startsAt = element["starts_at_us"]?.integer
            else { return nil }
            list.append(ToldAlert(fingerprint: fingerprint, isFiring: isFiring, startsAt: WallTime(microseconds: startsAt)))
        }
        return list
    }
}
