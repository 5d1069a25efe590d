import Quantities

/// Reads `spec.workloads` of a cluster.
struct WorkloadReader {
    static let kinds = ["Deployment", "StatefulSet", "DaemonSet"]
    let names: DeclaredNames
    /// Nil where they could not be read.
    let guardrails: Guardrails?
    /// The device that carries the cluster's one limit; nil where each workload has a limit of its own.
    let device: String?

    func read(_ field: ConfigurationField?) -> [WorkloadSpecification] {
        var read: [WorkloadSpecification] = []
        var seen: Set<String> = []
        let elements = field?.elements() ?? []
        if let device, elements.count > 1 {
            elements[1].report("the device \(device) has one limit, so a cluster with tc has one workload; write a cluster for each device")
        }
        for object in elements.compactMap({ $0.object() }) {
            guard let workload = workload(object, seen: &seen) else { continue }
            if let other = read.first(where: { $0.name == workload.name && $0.namespace == workload.namespace && $0.kind == workload.kind }) {
                object.field.report(
                    "\(workload.kind) \(workload.namespace)/\(workload.name) is managed already, as '\(other.id)'; each has one limit")
            }
            read.append(workload)
        }
        return read
    }

    private func workload(_ object: ConfigurationObject, seen: inout Set<String>) -> WorkloadSpecification? {
        let idField = object.required("id")
        let id = idField?.name()
        if let id, !seen.insert(id).inserted { idField?.report("a second workload '\(id)' in this cluster") }
        let kind = object.optional("kind")?.oneOf(WorkloadReader.kinds) ?? "Deployment"
        let namespace = object.optional("namespace")?.name() ?? "default"
        let name = object.optional("name")?.objectName()
        let floorField = object.required("floor", hint: "write the rate that it keeps whatever happens, such as 10M")
        let floor = floorField?.enforceableRate()
        let ceilingField = object.required("ceiling", hint: "write the highest rate that it may have, such as 1000M")
        let ceiling = ceilingField?.enforceableRate()
        checkOrder(floor, floorField, ceiling, ceilingField)
        let weight = object.optional("weight")?.weightMillionths() ?? 1_000_000
        let tier = tier(object)
        let links = names.links(of: object)
        let initialField = object.optional("initial")
        let initial = initialField?.enforceableRate()
        object.finish()
        guard let id, let floor, let ceiling else { return nil }
        if let initial, initial < floor || initial > ceiling {
            initialField?.report("\(initial) is not in \(floor)…\(ceiling), its floor and ceiling")
        }
        return WorkloadSpecification(
            id: WorkloadID(id), kind: kind, namespace: namespace, name: name, floor: floor, ceiling: ceiling, weightMillionths: weight,
            tier: tier, links: links, initial: initial ?? min(max(.megabits(100), floor), ceiling))
    }

    /// By its name; or by the priority that its Pods have, as the fleet's file maps it. The last tier where nothing says.
    private func tier(_ object: ConfigurationObject) -> String {
        let last = names.tiers.max { $0.rank < $1.rank }?.name ?? TierSpecification.standard.name
        let (byName, byClass, byValue) = (object.optional("tier"), object.optional("priorityClass"), object.optional("priority"))
        let given = [byName, byClass, byValue].compactMap { $0 }
        if given.count > 1 { given[1].report("write one of tier, priorityClass and priority: each tells the tier") }
        if let byName, let name = byName.text() {
            if names.areKnown, !names.tiers.contains(where: { $0.name == name }) {
                byName.report("there is no tier '\(name)'; \(NearestName.hint(for: name, among: names.tiers.map(\.name)))")
            }
            return name
        }
        if let byClass, let name = byClass.text() {
            if let tier = names.tiers.first(where: { $0.priorityClasses.contains(name) }) { return tier.name }
            let hint = NearestName.hint(for: name, among: names.tiers.flatMap(\.priorityClasses))
            if names.areKnown { byClass.report("no tier of the fleet has the priority class '\(name)'; \(hint)") }
        }
        if let byValue, let value = byValue.integer(in: Int(Int32.min)...Int(Int32.max)) {
            let bounds = names.tiers.compactMap { tier in tier.priorityAtLeast.map { (tier.name, Int($0)) } }
            if let (name, _) = bounds.filter({ $0.1 <= value }).max(by: { $0.1 < $1.1 }) { return name }
            let lowest = bounds.map(\.1).min().map { "the lowest begins at \($0)" } ?? "none has priorityAtLeast"
            if names.areKnown { byValue.report("no tier of the fleet takes the priority \(value); \(lowest)") }
        }
        return last
    }

    private func checkOrder(
        _ floor: BitRate?, _ floorField: ConfigurationField?, _ ceiling: BitRate?, _ ceilingField: ConfigurationField?
    ) {
        if let floor, let ceiling, floor > ceiling { floorField?.report("\(floor) lies above the ceiling \(ceiling)") }
        guard let guardrails else { return }
        if let floor, floor < guardrails.minimum {
            floorField?.report("\(floor) lies below the cluster's lower guardrail \(guardrails.minimum)")
        }
        if let ceiling, ceiling > guardrails.maximum {
            ceilingField?.report("\(ceiling) lies above the cluster's upper guardrail \(guardrails.maximum)")
        }
    }
}
