import Fleet

/// A small right fleet in two files, and a way to spoil it one edit at a time.
struct FleetFixture {
    var fleet = """
        apiVersion: fairlead.dev/v1alpha1
        kind: Fleet
        metadata:
          name: small
        spec:
          links:
            - id: uplink
              capacity: 1G
            - id: wan
              capacity: 2G
          tiers:
            - {name: business, rank: 0}
            - {name: bulk, rank: 1}
        """
    var plant = """
        apiVersion: fairlead.dev/v1alpha1
        kind: Cluster
        metadata:
          name: plant-a
        spec:
          enforcer: {simulated: {url: "http://127.0.0.1:9000"}}
          guardrails: {min: 10M, max: 1000M}
          flows:
            - id: robot-control
              protocol: udp
              port: 5201
              slaClass: robot-control
              links: [uplink, wan]
              reserve: 50M
              source:
                probe: {target: "127.0.0.1:8620"}
          workloads:
            - id: telemetry-upload
              floor: 10M
              ceiling: 1000M
              links: [uplink, wan]
        """

    /// The plant's file with `old` replaced by `new`, once.
    func plant(_ old: String, _ new: String) -> FleetFixture {
        var copy = self
        copy.plant = replacing(old, by: new, in: plant)
        return copy
    }
    func fleet(_ old: String, _ new: String) -> FleetFixture {
        var copy = self
        copy.fleet = replacing(old, by: new, in: fleet)
        return copy
    }
    private func replacing(_ old: String, by new: String, in text: String) -> String {
        guard let range = text.firstRange(of: old) else { preconditionFailure("the fixture has no '\(old)'") }
        return text.replacingCharacters(in: range, with: new)
    }

    func read() -> (configuration: FleetConfiguration?, problems: [ConfigurationProblem]) {
        FleetDocument.read([(name: "fleet.yaml", text: fleet), (name: "plant-a.yaml", text: plant)])
    }
    /// The lines that a person would see.
    var problems: [String] { read().problems.map(\.description) }
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with new: String) -> String {
        self[..<range.lowerBound] + new + self[range.upperBound...]
    }
}
