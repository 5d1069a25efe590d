import ControlLaw
import Quantities

/// Reads the document of kind `Fleet`.
struct FleetReader {
    let names: DeclaredNames

    func read(_ header: DocumentHeader) -> FleetConfiguration? {
        guard let spec = header.spec else { return nil }
        var fleet = FleetConfiguration(name: header.name ?? "")
        if let tick = spec.optional("tick")?.time(in: .milliseconds(100)...(.seconds(600))) { fleet.tick = tick }
        if let settle = spec.optional("settle")?.time(in: .zero...(.seconds(60))) { fleet.settle = settle }
        fleet.links = list(spec.required("links", hint: "a fleet states at least one link"), link).sorted { $0.id < $1.id }
        if let classes = spec.optional("slaClasses") {
            fleet.slaClasses = list(classes, slaClass)
        } else {
            names.slaClasses = fleet.slaClasses.map(\.name)
        }
        if let tiers = spec.optional("tiers") {
            fleet.tiers = list(tiers, tier).sorted { $0.rank < $1.rank }
        } else {
            names.tiers = fleet.tiers
        }
        if let law = spec.optional("law")?.object() { fleet.law = self.law(law) }
        if let lease = spec.optional("lease")?.object() { fleet.lease = self.lease(lease) }
        if let grant = spec.optional("grant")?.object() { fleet.grantTimeToLive = timeToLive(of: grant, tick: fleet.tick) }
        if let onMissing = spec.optional("onMissing")?.object() { fleet.onMissing = missingPolicy(onMissing) }
        if let alerts = spec.optional("alerts")?.object() { fleet.alerts = AlertRoutingReader().read(alerts) }
        if let retention = spec.optional("retention")?.object() { fleet.retention = self.retention(retention) }
        spec.finish()
        return fleet
    }

    private func list<Element>(_ field: ConfigurationField?, _ read: (ConfigurationObject) -> Element?) -> [Element] {
        guard let field, let elements = field.elements() else { return [] }
        if elements.isEmpty { field.report("is empty") }
        return elements.compactMap { $0.object() }.compactMap(read)
    }

    private func link(_ object: ConfigurationObject) -> LinkSpecification? {
        let idField = object.required("id")
        let id = idField?.name()
        if let id, let idField {
            if let first = names.links[id] {
                idField.report("a second link '\(id)'; the first stands at \(first.place.description)")
            } else {
                names.links[id] = idField
            }
        }
        let capacity = object.required("capacity", hint: "write the rate that the link carries, such as 1G")?.enforceableRate()
        let from = object.optional("from")
        let to = object.optional("to")
        names.linkEnds += [from, to].compactMap { $0 }
        let ends = (from?.name().map(ClusterID.init), to?.name().map(ClusterID.init))
        let description = object.optional("description")?.text() ?? ""
        object.finish()
        guard let id, let capacity else { return nil }
        return LinkSpecification(id: LinkID(id), capacity: capacity, from: ends.0, to: ends.1, description: description)
    }

    private func slaClass(_ object: ConfigurationObject) -> ServiceLevelClass? {
        let nameField = object.required("name")
        let name = nameField?.name()
        if let name, let nameField {
            if names.slaClasses.contains(name) { nameField.report("a second class '\(name)'") }
            names.slaClasses.append(name)
        }
        let target = object.required("target", hint: "write the delay variation to steer towards, such as 1ms")?.delay()
        let boundField = object.required("bound", hint: "write the delay variation that brakes at once, such as 1.5ms")
        let bound = boundField?.delay()
        if let target, let bound, bound <= target {
            boundField?.report("\(bound.nanoseconds) is not above the target \(target.nanoseconds)")
        }
        let latencyBound = object.optional("latencyBound")?.delay()
        let lossBound = object.optional("lossBound")?.partsPerMillion()
        let criticality = object.optional("criticality")?.integer(in: 0...100) ?? 50
        object.finish()
        guard let name, let target, let bound else { return nil }
        return ServiceLevelClass(
            name: name, target: target, bound: bound, latencyBound: latencyBound, lossBoundPartsPerMillion: lossBound,
            criticality: criticality)
    }

    private func tier(_ object: ConfigurationObject) -> TierSpecification? {
        let nameField = object.required("name")
        let rankField = object.required("rank", hint: "0 is the most important")
        let name = nameField?.name()
        let rank = rankField?.integer(in: 0...1_000)
        let classes = priorityClasses(object.optional("priorityClasses"))
        let priority = priorityAtLeast(object.optional("priorityAtLeast"), rank: rank)
        object.finish()
        if let name, names.tiers.contains(where: { $0.name == name }) { nameField?.report("a second tier '\(name)'") }
        if let rank, let other = names.tiers.first(where: { Int($0.rank) == rank }) {
            rankField?.report("tier '\(other.name)' has rank \(rank) already; each rank belongs to one tier")
        }
        guard let name else { return nil }
        let tier = TierSpecification(name: name, rank: Int16(rank ?? -1), priorityClasses: classes, priorityAtLeast: priority)
        names.tiers.append(tier)
        return tier
    }

    private func priorityClasses(_ field: ConfigurationField?) -> [String] {
        var classes: [String] = []
        for element in field?.elements() ?? [] {
            guard let name = element.objectName() else { continue }
            if classes.contains(name) { element.report("the priority class '\(name)' is named twice") }
            if let other = names.tiers.first(where: { $0.priorityClasses.contains(name) }) {
                element.report("the priority class '\(name)' belongs to tier '\(other.name)' already")
            }
            classes.append(name)
        }
        return classes
    }

    /// Kubernetes counts priorities in 32 bits, and the higher is the more important; our ranks go the other way.
    private func priorityAtLeast(_ field: ConfigurationField?, rank: Int?) -> Int32? {
        guard let field, let value = field.integer(in: Int(Int32.min)...Int(Int32.max)) else { return nil }
        for other in names.tiers {
            guard let bound = other.priorityAtLeast, let rank else { continue }
            if Int(bound) == value { field.report("tier '\(other.name)' begins at \(value) already") }
            if (Int(bound) < value) == (Int(other.rank) < rank), Int(bound) != value {
                field.report("tier '\(other.name)' begins at \(bound): of two tiers the one of the lower rank begins at the higher priority")
            }
        }
        return Int32(value)
    }

    private func law(_ object: ConfigurationObject) -> LawSpecification {
        var law = LawSpecification()
        if let name = object.optional("name")?.oneOf(LawSpecification.knownNames) { law.name = name }
        law.parameters = parameters(object.optional("parameters"), of: law.name)
        if let shadows = object.optional("shadows") {
            law.shadows = list(shadows) { shadow in
                let name = shadow.required("name")?.oneOf(LawSpecification.knownNames)
                let parameters = parameters(shadow.optional("parameters"), of: name)
                shadow.finish()
                return name.map { ShadowLawSpecification(name: $0, parameters: parameters) }
            }
        }
        object.finish()
        return law
    }

    /// As written, after the law itself has looked at each: it knows their names, units and bounds. Nil where the law is not known.
    private func parameters(_ field: ConfigurationField?, of law: String?) -> [String: String] {
        guard let field, let object = field.object() else { return [:] }
        var parameters: [String: String] = [:]
        var isRight = true
        for (name, value) in object.entries() {
            guard let text = value.nonEmptyText() else { continue }
            parameters[name] = text
            guard let law else { continue }
            do throws(LawError) { _ = try Law(name: law, parameters: [name: text]) } catch {
                value.report("\(error)")
                isRight = false
            }
        }
        if let law, isRight {
            // Each may be right and all together wrong.
            do throws(LawError) { _ = try Law(name: law, parameters: parameters) } catch { field.report("\(error)") }
        }
        return parameters
    }

    private func lease(_ object: ConfigurationObject) -> LeaseSpecification {
        var lease = LeaseSpecification()
        let durationField = object.optional("duration")
        let renewField = object.optional("renewEvery")
        if let duration = durationField?.time(in: .milliseconds(300)...(.seconds(600))) {
            lease.duration = duration
            lease.renewEvery = Nanoseconds(duration.count / 3)
        }
        if let renewEvery = renewField?.time(in: .milliseconds(100)...(.seconds(200))) { lease.renewEvery = renewEvery }
        if lease.renewEvery * 3 > lease.duration {
            (renewField ?? durationField)?.report(
                "\(lease.renewEvery) is more than a third of the duration \(lease.duration), so one lost renewal would depose a leader")
        }
        object.finish()
        return lease
    }

    private func timeToLive(of object: ConfigurationObject, tick: Nanoseconds) -> Nanoseconds {
        let field = object.required("ttl")
        let time = field?.time(in: .milliseconds(200)...(.seconds(3600)))
        object.finish()
        if let time, time < tick * 2 {
            field?.report("\(time) is less than two ticks of \(tick), so a grant would expire between two fetches")
        }
        return time ?? .seconds(30)
    }

    private func retention(_ object: ConfigurationObject) -> RetentionSpecification {
        var kept: [(name: String, field: ConfigurationField?, days: Int32?)] = []
        for name in ["log", "minuteRollups", "hourRollups"] {
            let field = object.optional(name)
            kept.append((name, field, field?.days(in: RetentionSpecification.possible)))
        }
        object.finish()
        for (shorter, longer) in zip(kept, kept.dropFirst()) {
            // One that is wrong in itself is told already.
            guard let field = longer.field, let days = longer.days, (shorter.field == nil) == (shorter.days == nil) else { continue }
            guard let least = shorter.days else {
                field.report("\(days)d is shorter than \(shorter.name), which is kept for ever; say how long that is kept, or leave this out")
                continue
            }
            if days < least { field.report("\(days)d is shorter than \(shorter.name) with \(least)d, from which these are made; write at least \(least)d") }
        }
        return RetentionSpecification(log: kept[0].days, minuteRollups: kept[1].days, hourRollups: kept[2].days)
    }

    private func missingPolicy(_ object: ConfigurationObject) -> MissingMeasurementPolicy {
        var policy = MissingMeasurementPolicy()
        if let action = object.optional("action")?.oneOf(MissingMeasurementPolicy.Action.self) { policy.action = action }
        if let afterTicks = object.optional("afterTicks")?.integer(in: 0...1_000) { policy.afterTicks = afterTicks }
        policy.fallbackJitter = object.optional("fallbackJitter")?.delay()
        object.finish()
        return policy
    }
}
