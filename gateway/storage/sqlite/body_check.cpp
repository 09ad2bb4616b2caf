#include "gateway/storage/sqlite/body_check.hpp"

#include "fhir/json/json.hpp"
#include "fhir/search/match.hpp"
#include "fhir/search/normalise.hpp"
#include "gateway/storage/sqlite/searcher.hpp"

namespace causeway::storage {

using namespace fhir::search;

namespace {

/// Chains and `_has` inside the check of one body go back to the store.
class Neighbours final : public Surroundings {
public:
    Neighbours(Searcher& searcher, const StoredResource& resource) : searcher_(searcher), resource_(resource) {}
    std::optional<bool> target_meets(std::string_view type, std::string_view id,
                                     const Criterion& criterion) const override {
        return searcher_.meets(type, id, criterion);
    }
    std::optional<bool> referrer_meets(std::string_view type, std::string_view id,
                                       const Criterion::Target& target) const override {
        return searcher_.referred(type, id, target);
    }
    std::optional<bool> code_in(std::string_view system, std::string_view code, Modifier modifier,
                                const Operand& operand) const override {
        return searcher_.code_in(system, code, modifier, operand);
    }
    std::optional<bool> target_in(std::string_view type, std::string_view id, Modifier modifier,
                                  const Operand& operand) const override {
        return searcher_.target_in(type, id, modifier, operand);
    }
    std::optional<bool> whole_meets(const Criterion& criterion) const override {
        return searcher_.whole_meets(criterion, resource_);
    }

private:
    Searcher& searcher_;
    const StoredResource& resource_;
};

ExtractOptions extract_options(const BodyReading& reading) {
    ExtractOptions options;
    options.zone_offset_minutes = reading.zone_offset_minutes;
    options.base_url = reading.base_url;
    if (reading.custom) options.custom = reading.custom();
    return options;
}

}  // namespace

Extraction values_of(const StoredResource& resource, const BodyReading& reading) {
    auto document = fhir::parse_json(resource.json());
    if (document.has_error()) throw FailureException({FailureCode::corrupt, "a stored body is not JSON"});
    return extract(std::move(*document), extract_options(reading));
}

std::vector<std::string> sortable_texts(const StoredResource& resource, ParameterId parameter,
                                        const BodyReading& reading) {
    std::vector<std::string> out;
    const auto extraction = values_of(resource, reading);
    for (const auto& value : extraction.values) {
        if (value.parameter != parameter) continue;
        if (const auto* const token = std::get_if<TokenValue>(&value.value))
            out.push_back(fold_token(token->code.empty() ? token->text : token->code));
        else if (const auto* const uri = std::get_if<UriValue>(&value.value))
            out.emplace_back(uri->value);
        else if (const auto* const reference = std::get_if<ReferenceValue>(&value.value);
                 reference && reference->fragment.empty())
            out.push_back(reference->url.empty() ? std::string(reference->type) + "/" + std::string(reference->id)
                                                 : std::string(reference->url));
    }
    return out;
}

std::vector<std::string> Searcher::contained_in(const StoredResource& resource, std::string_view type,
                                                const Criterion& criterion) {
    auto document = fhir::parse_json(resource.json());
    if (document.has_error()) throw FailureException({FailureCode::corrupt, "a stored body is not JSON"});
    const Neighbours neighbours(*this, resource);
    MatchContext context;
    context.last_updated_us = resource.version.at_us;
    context.surroundings = &neighbours;
    context.reading = extract_options(limits_.reading);
    return contained_matches(criterion, type, *document, context);
}

bool Searcher::body_meets(const Compiled& compiled, const Candidate& candidate) {
    const auto resource = need(candidate.vid);
    if (compiled.contained) {
        if (!shown(candidate.vid, resource.type)) return false;
        if (compiled.plain && resource.type == compiled.type && body_meets(*compiled.plain, candidate)) return false;
        return !contained_in(resource, compiled.type, *compiled.criterion).empty();
    }
    const auto extraction = values_of(resource, limits_.reading);
    const Neighbours neighbours(*this, resource);
    MatchContext context;
    context.type = resource.type;
    context.id = resource.id;
    context.last_updated_us = resource.version.at_us;
    context.surroundings = &neighbours;
    context.reading = extract_options(limits_.reading);
    return matches(*compiled.criterion, extraction.values, context);
}

bool Searcher::meets(std::string_view type, std::string_view id, const Criterion& criterion) {
    const auto code = reads_.catalog.find_type(type);
    if (code == 0) return false;
    Rid rid = 0;
    {
        auto query = reads_.connection.query(sql::Statement::resource_find);
        query.bind(id).bind(code);
        if (!query.step()) return false;
        rid = query.integer(0);
    }
    const auto vid = current_at(rid);
    if (vid == 0) return false;
    if (++depth_ > limits_.depth_max) throw FailureException({FailureCode::too_costly, "search: nested too deeply"});
    const auto seen = confined(type, criterion);
    if (!seen) {
        --depth_;
        return false;
    }
    Compiled compiled;
    compiled.type = type;
    compiled.criterion = seen.get();
    const bool met = body_meets(compiled, {vid, rid, 0, {}});
    --depth_;
    return met;
}

bool Searcher::referred(std::string_view type, std::string_view id, const Criterion::Target& target) {
    const auto code = reads_.catalog.find_type(type);
    const auto parameter = reads_.catalog.durable_parameter(target.via);
    if (code == 0 || parameter == 0) return false;
    Rid rid = 0;
    {
        auto query = reads_.connection.query(sql::Statement::resource_find);
        query.bind(id).bind(code);
        if (!query.step()) return false;
        rid = query.integer(0);
    }
    if (++depth_ > limits_.depth_max) throw FailureException({FailureCode::too_costly, "search: nested too deeply"});
    auto compiled = compile(target.type, *target.criterion, true);
    Condition refers;
    refers.kind = Condition::Kind::key;
    refers.key.head = keys::parameter_prefix(parameter);
    keys::append_rid(rid, refers.key.bytes);
    compiled.condition.children.push_back(std::move(refers));
    bool found = false;
    each_match(compiled, {}, [&](const Candidate&) {
        found = true;
        return false;
    });
    --depth_;
    return found;
}

}  // namespace causeway::storage
