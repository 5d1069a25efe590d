/// Where the fields of an authenticated test packet stand (RFC 8762 §4.2.2 and §4.3.2, session identifier by RFC 8972 §3).
/// All numbers are in network order, unnamed octets are zero, and both directions have the same length, so that a reflector
/// never answers with more than it got.
enum STAMPLayout {
    static let octets = 112
    /// What the authenticator covers: six blocks of 16.
    static let authenticatedOctets = 96

    static let sequence = 0
    static let timestamp = 16
    static let errorEstimate = 24
    static let session = 26
    static let receiveTimestamp = 32
    static let senderSequence = 48
    static let senderTimestamp = 64
    static let senderErrorEstimate = 72
    static let senderTimeToLive = 80
}

/// What a Session-Sender sends.
struct STAMPRequest: Equatable, Sendable {
    let sequence: UInt32
    let timestamp: STAMPTimestamp
    let errorEstimate: STAMPErrorEstimate
    /// Drawn at random by the sender for each of its sessions.
    let session: UInt16

    func sealed(with key: ProbeKey) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: STAMPLayout.authenticatedOctets)
        packet.store(sequence, at: STAMPLayout.sequence)
        packet.store(timestamp.word, at: STAMPLayout.timestamp)
        packet.store(errorEstimate.word, at: STAMPLayout.errorEstimate)
        packet.store(session, at: STAMPLayout.session)
        return packet + key.authenticator(over: packet)
    }

    /// The fields of a packet that has been authenticated. Octets that must be zero are ignored on receipt, as the RFC asks.
    init(authenticated packet: [UInt8]) {
        sequence = packet.load(at: STAMPLayout.sequence)
        timestamp = STAMPTimestamp(word: packet.load(at: STAMPLayout.timestamp))
        errorEstimate = STAMPErrorEstimate(word: packet.load(at: STAMPLayout.errorEstimate))
        session = packet.load(at: STAMPLayout.session)
    }

    init(sequence: UInt32, timestamp: STAMPTimestamp, errorEstimate: STAMPErrorEstimate = .ours, session: UInt16) {
        self.sequence = sequence
        self.timestamp = timestamp
        self.errorEstimate = errorEstimate
        self.session = session
    }
}

/// What a Session-Reflector answers: the request's fields, when it came (T2) and when the answer left (T3).
struct STAMPReply: Equatable, Sendable {
    /// The reflector's own number; ours is stateless and repeats the sender's.
    let sequence: UInt32
    /// T3.
    let timestamp: STAMPTimestamp
    let errorEstimate: STAMPErrorEstimate
    /// T2.
    let receiveTimestamp: STAMPTimestamp
    let request: STAMPRequest
    /// What was left of the request's TTL when it arrived; 255 where the reflector could not see it.
    let senderTimeToLive: UInt8

    /// The reply of our stateless reflector.
    init(to request: STAMPRequest, receivedAt: STAMPTimestamp, sentAt: STAMPTimestamp, timeToLive: UInt8?) {
        sequence = request.sequence
        timestamp = sentAt
        errorEstimate = .ours
        receiveTimestamp = receivedAt
        self.request = request
        senderTimeToLive = timeToLive ?? 255
    }

    func sealed(with key: ProbeKey) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: STAMPLayout.authenticatedOctets)
        packet.store(sequence, at: STAMPLayout.sequence)
        packet.store(timestamp.word, at: STAMPLayout.timestamp)
        packet.store(errorEstimate.word, at: STAMPLayout.errorEstimate)
        packet.store(request.session, at: STAMPLayout.session)
        packet.store(receiveTimestamp.word, at: STAMPLayout.receiveTimestamp)
        packet.store(request.sequence, at: STAMPLayout.senderSequence)
        packet.store(request.timestamp.word, at: STAMPLayout.senderTimestamp)
        packet.store(request.errorEstimate.word, at: STAMPLayout.senderErrorEstimate)
        packet[STAMPLayout.senderTimeToLive] = senderTimeToLive
        return packet + key.authenticator(over: packet)
    }

    /// The fields of a packet that has been authenticated.
    init(authenticated packet: [UInt8]) {
        sequence = packet.load(at: STAMPLayout.sequence)
        timestamp = STAMPTimestamp(word: packet.load(at: STAMPLayout.timestamp))
        errorEstimate = STAMPErrorEstimate(word: packet.load(at: STAMPLayout.errorEstimate))
        receiveTimestamp = STAMPTimestamp(word: packet.load(at: STAMPLayout.receiveTimestamp))
        request = STAMPRequest(
            sequence: packet.load(at: STAMPLayout.senderSequence),
            timestamp: STAMPTimestamp(word: packet.load(at: STAMPLayout.senderTimestamp)),
            errorEstimate: STAMPErrorEstimate(word: packet.load(at: STAMPLayout.senderErrorEstimate)),
            session: packet.load(at: STAMPLayout.session))
        senderTimeToLive = packet[STAMPLayout.senderTimeToLive]
    }

    /// T3 − T2, or nil where the reflector's clock says something impossible.
    var reflectorNanoseconds: Int64? {
        guard let left = timestamp.nanoseconds(errorEstimate), let arrived = receiveTimestamp.nanoseconds(errorEstimate) else { return nil }
        return left >= arrived ? left - arrived : nil
    }
}

extension [UInt8] {
    fileprivate mutating func store(_ value: some FixedWidthInteger & UnsignedInteger, at offset: Int) {
        let width = value.bitWidth / 8
        for index in 0..<width { self[offset + index] = UInt8(truncatingIfNeeded: value >> ((width - 1 - index) * 8)) }
    }
    fileprivate func load<Value: FixedWidthInteger & UnsignedInteger>(at offset: Int) -> Value {
        self[offset..<offset + Value.bitWidth / 8].reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}
