#include "fhir/search/extract.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "fhir/path/expression.hpp"
#include "fhir/path/program.hpp"
#include "fhir/search/compiled.hpp"
#include "fhir/search/custom_parameters.hpp"
#include "fhir/search/narrative.hpp"
#include "fhir/search/values_of.hpp"

namespace causeway::fhir::search {
namespace {

bool same_text(const SearchValue& a, const SearchValue& b);

struct SameValue {
    bool operator()(const TokenValue& a, const TokenValue& b) const {
        return a.system == b.system && a.code == b.code && a.text == b.text;
    }
    bool operator()(const TypedIdentifierValue& a, const TypedIdentifierValue& b) const {
        return a.type_system == b.type_system && a.type_code == b.type_code && a.value == b.value;
    }
    bool operator()(const StringValue& a, const StringValue& b) const {
        return a.normalised == b.normalised && a.original == b.original;
    }
    bool operator()(const DateValue& a, const DateValue& b) const { return a.range == b.range; }
    bool operator()(const NumberValue& a, const NumberValue& b) const { return a.range == b.range; }
    bool operator()(const QuantityValue& a, const QuantityValue& b) const {
        return a.written == b.written && a.system == b.system && a.code == b.code && a.unit == b.unit;
    }
    bool operator()(const ReferenceValue& a, const ReferenceValue& b) const {
        return a.type == b.type && a.id == b.id && a.url == b.url && a.version == b.version && a.fragment == b.fragment;
    }
    bool operator()(const ReferenceIdentifierValue& a, const ReferenceIdentifierValue& b) const {
        return a.system == b.system && a.value == b.value;
    }
    bool operator()(const UriValue& a, const UriValue& b) const { return a.value == b.value; }
    bool operator()(const PresenceValue&, const PresenceValue&) const { return true; }
    bool operator()(const CompositeValue& a, const CompositeValue& b) const {
        return std::equal(a.span().begin(), a.span().end(), b.span().begin(), b.span().end(), same_text);
    }
    bool operator()(const auto&, const auto&) const { return false; }
};

bool same_text(const SearchValue& a, const SearchValue& b) {
    return a.value.index() == b.value.index() && std::visit(SameValue{}, a.value, b.value);
}

/// Every combination of one value per component, up to a bound.
void combine(ParameterId id, const std::vector<std::vector<SearchValue>>& components, SearchValues& values,
             std::size_t values_max) {
    std::vector<std::size_t> at(components.size(), 0);
    for (const auto& component : components) {
        if (component.empty()) return;
    }
    for (std::size_t made = 0; made < 256 && values.size() < values_max; ++made) {
        std::vector<SearchValue> parts;
        for (std::size_t i = 0; i < components.size(); ++i) parts.push_back(components[i][at[i]]);
        const std::size_t count = parts.size();
        values.add({id, CompositeValue{values.keep(std::move(parts)), count}});
        std::size_t digit = 0;
        while (digit < components.size() && ++at[digit] == components[digit].size()) at[digit++] = 0;
        if (digit == components.size()) return;
    }
}

class Run {
public:
    Run(const DocumentPtr& document, Element resource, const ExtractOptions& options)
        : options_(options), result_{SearchValues(document), false} {
        environment_.resource = resource;
        environment_.root_resource = document->root();
        environment_.resolve_to_type = true;
        environment_.steps_max = 200'000;
    }

    Extraction go(const CompiledType& type) {
        const path::Item root(environment_.resource, type.type);
        text_ = type.text;
        add(type.parameters, root, type.present(environment_.resource));
        add_narrative();
        if (options_.custom) add(options_.custom->compiled(type.type->name), root, 0);
        return std::move(result_);  // the reader is not used again
    }
    /// Of these parameters alone.
    Extraction go(const CompiledType& type, const std::vector<CompiledParameter>& parameters) {
        add(parameters, path::Item(environment_.resource, type.type), 0);
        return std::move(result_);
    }

private:
    void add(const std::vector<CompiledParameter>& parameters, const path::Item& root, std::uint64_t present) {
        for (const CompiledParameter& compiled : parameters) {
            if (compiled.parameter->id > text_) add_narrative();
            if (std::any_of(compiled.needs.begin(), compiled.needs.end(),
                            [present](std::uint64_t bits) { return (bits & present) == 0; }))
                continue;
            const std::size_t first = result_.values.size();
            if (compiled.parameter->type == ParameterType::composite) {
                composite(compiled, root);
            } else {
                simple(compiled, root);
            }
            if (result_.values.size() > first + 1) result_.values.drop_duplicates(first);
            if (result_.values.size() >= options_.values_max) {
                result_.truncated = true;
                break;
            }
        }
    }

    /// The words of the narrative, once, in the place of `_text`.
    void add_narrative() {
        const ParameterId text = std::exchange(text_, ParameterId{0});
        const std::string_view div = environment_.resource["text"]["div"].text();
        if (text == 0 || div.empty()) return;
        bool cut = false;
        for (std::string& word : narrative_words(div, cut))
            result_.values.add({text, TokenValue{{}, result_.values.keep(std::move(word)), {}}});
        if (cut) result_.values.add({text, PresenceValue{}});
    }

    void simple(const CompiledParameter& compiled, const path::Item& root) {
        const auto items = evaluation_.run(compiled.expression, root, environment_);
        if (items.has_error() || items->empty()) return;
        found_.clear();
        for (const path::Item& item : *items)
            reader_.read(item, compiled.parameter->type, compiled.parameter->contact, compiled.implicit_system, found_);
        for (SearchValue& value : found_) {
            if (result_.values.size() >= options_.values_max) return;
            value.parameter = compiled.parameter->id;
            result_.values.add(value);
        }
    }

    void composite(const CompiledParameter& compiled, const path::Item& root) {
        const auto items = evaluation_.run(compiled.expression, root, environment_);
        if (items.has_error()) return;
        const std::vector<path::Item> elements(items->begin(), items->end());
        for (const path::Item& element : elements) {
            std::vector<std::vector<SearchValue>> components(compiled.components.size());
            for (std::size_t i = 0; i < components.size(); ++i) {
                const auto parts = evaluation_.run(compiled.components[i], element, environment_);
                if (parts.has_error()) break;
                for (const path::Item& part : *parts)
                    reader_.read(part, compiled.parameter->components[i].type, false, {}, components[i]);
                if (components[i].empty()) break;  // then there is no combination
            }
            combine(compiled.parameter->id, components, result_.values, options_.values_max);
        }
    }

    const ExtractOptions& options_;
    Extraction result_;
    ValueReader reader_{result_.values, options_};
    path::Evaluation evaluation_;
    path::Environment environment_;
    std::vector<SearchValue> found_;
    ParameterId text_ = 0;  ///< of `_text`, until its values are there
};

}  // namespace

void SearchValues::drop_duplicates(std::size_t first) {
    if (values_.size() - first > 200) return;  // quadratic; duplicates do no harm
    std::size_t kept = first;
    for (std::size_t i = first; i < values_.size(); ++i) {
        const bool seen = std::any_of(values_.begin() + static_cast<std::ptrdiff_t>(first),
                                      values_.begin() + static_cast<std::ptrdiff_t>(kept),
                                      [&](const SearchValue& other) { return same_text(other, values_[i]); });
        if (!seen) values_[kept++] = values_[i];
    }
    values_.resize(kept);
}

Extraction extract(DocumentPtr document, const ExtractOptions& options) {
    const CompiledType* const type = compiled_type(document->resource_type());
    if (!type) return {SearchValues(std::move(document)), false};
    return Run(document, document->root(), options).go(*type);
}

Extraction extract_custom(DocumentPtr document, const ExtractOptions& options) {
    const CompiledType* const type = compiled_type(document->resource_type());
    if (!type || !options.custom) return {SearchValues(std::move(document)), false};
    return Run(document, document->root(), options).go(*type, options.custom->compiled(type->type->name));
}

std::vector<ContainedValues> extract_contained(const DocumentPtr& document, const ExtractOptions& options) {
    std::vector<ContainedValues> out;
    std::size_t size = 0;
    for (const Element one : document->root()["contained"].items()) {
        const CompiledType* const type = compiled_type(one.resource_type());
        if (!type || size >= options.values_max) continue;
        out.push_back({one, Run(document, one, options).go(*type).values});
        size += out.back().values.size();
    }
    return out;
}

}  // namespace causeway::fhir::search
