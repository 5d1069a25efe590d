public import Fleet
import Quantities

/// Reads documents of kind `Plant`.
public struct PlantReader {
    public init() {}

    /// The plants of one file; none where anything is wrong.
    public static func read(_ file: (name: String, text: String)) -> (plants: [PlantDescription], problems: [ConfigurationProblem]) {
        let (plants, problems) = ConfigurationDocument.read(file, kind: "Plant") { PlantReader().plant($0) }
        return (plants, problems)
    }

    private func plant(_ document: ConfigurationDocument) -> PlantDescription? {
        let spec = document.spec
        let summary = spec.required("summary", hint: "say in one sentence what this plant tries")?.nonEmptyText()
        let duration = spec.required("duration", hint: "write a time such as 2h")?.time(in: .seconds(60)...(.seconds(7 * 86_400)))
        let links = list(spec.required("links"), link)
        let sites = list(spec.required("sites")) { site($0, links: links) }
        var plant = PlantDescription(
            name: document.name, summary: summary ?? "", duration: duration ?? .seconds(60), links: links, sites: sites.flatMap { $0 })
        if let tick = spec.required("tick")?.time(in: .milliseconds(100)...(.seconds(600))) { plant.tick = tick }
        if let settle = spec.required("settle")?.time(in: .zero...(.seconds(60))) { plant.settle = settle }
        if let delivery = spec.required("delivery")?.oneOf(["standalone", "pull"]) { plant.delivery = delivery == "pull" ? .pull : .standalone }
        if let probes = spec.required("probeInterval")?.time(in: .milliseconds(1)...(.seconds(1))) { plant.probeInterval = probes }
        if let object = spec.required("enforcement", hint: "write how late a limit is in force: {from: 200ms, to: 2s}")?.object() {
            plant.enforcement = enforcement(object) ?? plant.enforcement
        }
        if let target = spec.required("target")?.delay() { plant.target = target }
        if let boundField = spec.required("bound"), let bound = boundField.delay() {
            plant.bound = bound
            if bound <= plant.target { boundField.report("\(bound.nanoseconds) is not above the target \(plant.target.nanoseconds)") }
        }
        if let counts = spec.optional("countsUse")?.boolean() { plant.countsUse = counts }
        return plant
    }

    private func enforcement(_ object: ConfigurationObject) -> ClosedRange<Nanoseconds>? {
        let from = object.required("from")?.time(in: .zero...(.seconds(60)))
        let toField = object.required("to")
        let to = toField?.time(in: .zero...(.seconds(60)))
        object.finish()
        guard let from, let to else { return nil }
        guard from <= to else {
            toField?.report("\(to) is earlier than \(from)")
            return nil
        }
        return from...to
    }

    private func link(_ object: ConfigurationObject) -> PlantDescription.Link? {
        let id = object.required("id")?.name()
        let configured = object.required("configured", hint: "write what the fleet's configuration states, such as 1G")?.enforceableRate()
        let carries = object.required("carries", hint: "write what it really carries: a rate, or {points: […]}").flatMap(rates)
        let foreign = object.optional("foreign").flatMap(rates)
        let queue = object.required("queue", hint: "write the bytes that may wait, such as 400000")?.integer(in: 1_500...1_000_000_000)
        object.finish()
        guard let id, let configured, let carries, let queue else { return nil }
        return PlantDescription.Link(
            id: LinkID(id), configured: configured, carries: carries, foreign: foreign ?? .always(0), queueBits: Double(queue) * 8)
    }

    /// A site, or `count` equal ones, named with a number.
    private func site(_ object: ConfigurationObject, links known: [PlantDescription.Link]) -> [PlantDescription.Site]? {
        let id = object.required("id")?.name()
        let count = object.optional("count")?.integer(in: 1...64)
        let linkFields = object.required("links")?.elements() ?? []
        let links = linkFields.compactMap { field in field.oneOf(known.map(\.id.text)).map { LinkID($0) } }
        let offers = object.required("offers", hint: "write a rate, or {points: […]}").flatMap(rates)
        var site = PlantDescription.Site(id: ClusterID(id ?? ""), links: links, offers: offers ?? .always(0))
        if let manner = object.optional("manner")?.oneOf(PlantDescription.Manner.self) { site.manner = manner }
        site.initial = object.optional("limit")?.enforceableRate()
        if let floor = object.required("floor")?.enforceableRate() { site.floor = floor }
        if let ceiling = object.required("ceiling")?.enforceableRate() { site.ceiling = ceiling }
        if let weight = object.optional("weight")?.weightMillionths() { site.weightMillionths = weight }
        if let hasFlow = object.optional("criticalFlow")?.boolean() { site.hasFlow = hasFlow }
        if let detour = object.optional("detour").flatMap(delays) { site.detour = detour }
        object.finish()
        guard id != nil, offers != nil, !links.isEmpty else { return nil }
        guard let count else { return [site] }
        return (1...count).map { number in
            var one = site
            one.id = ClusterID("\(site.id)-\(number)")
            return one
        }
    }

    private func rates(_ field: ConfigurationField) -> Timeline? {
        timeline(field) { field in field.word == "0" ? 0 : field.rate().map { Double($0.bitsPerSecond) } }
    }
    private func delays(_ field: ConfigurationField) -> Timeline? {
        timeline(field) { field in field.word == "0" ? 0 : field.time(in: .zero...(.seconds(1))).map { Double($0.count) } }
    }

    /// One value for always, or points with what belongs to them.
    private func timeline(_ field: ConfigurationField, _ value: (ConfigurationField) -> Double?) -> Timeline? {
        if field.word != nil { return value(field).map(Timeline.always) }
        guard let object = field.object() else { return nil }
        let pointsField = object.required("points", hint: "write the first at 0s")
        let points = (pointsField?.elements() ?? []).compactMap { $0.object() }.compactMap { object -> Timeline.Point? in
            let at = object.required("at")?.time(in: .zero...(.seconds(7 * 86_400)))
            let value = object.required("value").flatMap(value)
            object.finish()
            guard let at, let value else { return nil }
            return Timeline.Point(at: at, value: value)
        }
        let isRamped = object.optional("ramped")?.boolean() ?? false
        let period = object.optional("repeat")?.time(in: .milliseconds(10)...(.seconds(7 * 86_400)))
        let wander = object.optional("wander")?.partsPerMillion()
        let every = object.optional("wandersEvery")?.time(in: .milliseconds(100)...(.seconds(86_400)))
        let shift = object.optional("shift")?.time(in: .zero...(.seconds(86_400)))
        object.finish()
        guard points.first?.at == .zero, zip(points, points.dropFirst()).allSatisfy({ $0.at < $1.at }) else {
            pointsField?.report("the points must begin at 0s and be in order")
            return nil
        }
        if let period, period <= points[points.count - 1].at {
            pointsField?.report("the last point lies after the course has begun anew, at \(period)")
            return nil
        }
        return Timeline(
            points, isRamped: isRamped, period: period, wanderThousandths: Int64(wander ?? 0) / 1000, wandersEvery: every ?? .seconds(1),
            shift: shift ?? .zero)
    }

    private func list<Element>(_ field: ConfigurationField?, _ read: (ConfigurationObject) -> Element?) -> [Element] {
        (field?.elements() ?? []).compactMap { $0.object() }.compactMap(read)
    }
}
