#include "fhir/profile/snapshot.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "fhir/model/builder.hpp"
#include "fhir/model/reference.hpp"

namespace causeway::fhir {

namespace {

using r4::ElementDef;
using r4::TypeDef;

constexpr std::string_view core_base = "http://hl7.org/fhir/StructureDefinition/";
constexpr unsigned bases_deep_max = 16;
constexpr std::size_t elements_max = 20'000;

std::string_view code_of_strength(r4::BindingStrength strength) noexcept {
    switch (strength) {
        case r4::BindingStrength::required:
            return "required";
        case r4::BindingStrength::extensible:
            return "extensible";
        case r4::BindingStrength::preferred:
            return "preferred";
        default:
            return "example";
    }
}

std::string max_of(const ElementDef& element) { return element.max == 0 ? "*" : std::to_string(element.max); }

void write_types(const ElementDef& element, MutableElement out) {
    for (const TypeDef* type : element.types) {
        MutableElement made = out.append("type");
        made.member("code").set_string(type->kind == r4::TypeKind::backbone ? "BackboneElement" : type->name);
        if (type->name != "Reference" && type->name != "canonical") continue;
        for (const auto target : element.targets)
            made.append("targetProfile").set_string(std::string(core_base) + std::string(target));
    }
}

/// One element of a type as an ElementDefinition.
void write_element(const TypeDef& type, const ElementDef& element, MutableElement out) {
    const std::string path =
        std::string(type.name) + '.' + std::string(element.name) + (element.is_choice ? "[x]" : "");
    out.member("id").set_string(path);
    out.member("path").set_string(path);
    out.member("min").set_number(std::int64_t{element.min});
    out.member("max").set_string(max_of(element));
    MutableElement base = out.member("base");
    base.member("path").set_string(path);
    base.member("min").set_number(std::int64_t{element.min});
    base.member("max").set_string(max_of(element));
    if (element.is_content_reference)
        out.member("contentReference").set_string('#' + std::string(element.types.front()->name));
    else
        write_types(element, out);
    if (element.is_modifier) out.member("isModifier").set_boolean(true);
    if (element.is_summary) out.member("isSummary").set_boolean(true);
    if (!element.value_set.empty()) {
        out.member("binding").member("strength").set_string(code_of_strength(element.binding));
        out.member("binding").member("valueSet").set_string(element.value_set);
    }
}

/// The elements of a type, backbone elements unfolded, in R4's order.
void write_members(const TypeDef& type, MutableElement out) {
    for (const ElementDef& element : type.elements) {
        write_element(type, element, out.append("element"));
        if (!element.is_content_reference && element.types.front()->kind == r4::TypeKind::backbone)
            write_members(*element.types.front(), out);
    }
}

/// R4's own type as a snapshot, without texts for people.
DocumentPtr snapshot_of(const TypeDef& type) {
    DocumentBuilder builder("StructureDefinition");
    MutableElement snapshot = builder.root().member("snapshot");
    MutableElement root = snapshot.append("element");
    root.member("id").set_string(type.name);
    root.member("path").set_string(type.name);
    root.member("min").set_number(std::int64_t{0});
    root.member("max").set_string("*");
    write_members(type, snapshot);
    return std::move(builder).finish();
}

/// An element of the snapshot in the making: what the layers say, later ones over earlier ones.
struct Entry {
    std::string id;
    std::string path;
    std::vector<Element> layers;
    std::size_t own = 0;  ///< of a slice: the layers before are those of the element that is sliced

    Element find(std::string_view member) const {
        for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)
            if (const Element found = (*layer)[member]) return found;
        return {};
    }
};

bool is_below(std::string_view id, std::string_view owner) noexcept {
    return id.size() > owner.size() && id.starts_with(owner) && (id[owner.size()] == '.' || id[owner.size()] == ':');
}

class Generator {
public:
    explicit Generator(const DefinitionSource& source) : source_(source) {}

    bool run(const DocumentPtr& definition, unsigned depth) {
        const Element root = definition->root();
        if (depth > bases_deep_max) return fail("", "the profile's bases do not end");
        kept_.push_back(definition);
        const auto base = root["baseDefinition"].text();
        const Element differential = root["differential"]["element"];
        if (!differential) {
            if (!root["snapshot"]["element"]) return fail("", "it has neither differential nor snapshot");
            return take(root["snapshot"]["element"]);
        }
        if (const TypeDef* type = core_type(base)) {
            kept_.push_back(snapshot_of(*type));
            take(kept_.back()->root()["snapshot"]["element"]);
        } else {
            const auto parent = source_.definition(base);
            if (!parent) return fail("", "its base " + std::string(base) + " is not loaded");
            if (!run(parent, depth + 1)) return false;
        }
        for (const Element element : differential.items())
            if (!apply(element)) return false;
        return true;
    }

    void write(MutableElement out) const {
        for (const Entry& entry : entries_) write_entry(entry, out.append("element"));
    }
    const Error& error() const noexcept { return error_; }

private:
    bool fail(std::string_view where, std::string message) {
        error_ = Error{Errc::bad_value, std::move(message), std::string(where), 0, 0, 0};
        return false;
    }

    bool take(Element elements) {
        entries_.clear();
        for (const Element element : elements.items())
            entries_.push_back({std::string(element["id"].text()), std::string(element["path"].text()), {element}, 0});
        return true;
    }

    std::size_t find(std::string_view id) const {
        for (std::size_t i = 0; i < entries_.size(); ++i)
            if (entries_[i].id == id) return i;
        return entries_.size();
    }

    bool apply(Element element) {
        std::string id(element["id"].text());
        const auto slice = element["sliceName"].text();
        if (id.empty()) {
            id = std::string(element["path"].text());
            if (!slice.empty()) (id += ':') += slice;
        }
        const std::size_t at = ensure(id);
        if (at == entries_.size()) return fail(id, "an element that the type does not have");
        entries_[at].layers.push_back(element);
        return true;
    }

    /// The entry of that id, made from its parent's type or from the element that is sliced; size() where it cannot be.
    std::size_t ensure(const std::string& id) {
        if (const std::size_t found = find(id); found < entries_.size()) return found;
        if (entries_.size() > elements_max) return entries_.size();
        const auto point = id.rfind('.');
        const auto colon = id.find(':', point == std::string::npos ? 0 : point);
        if (colon != std::string::npos) return ensure_slice(id, id.substr(0, colon));
        if (point == std::string::npos) return entries_.size();
        const std::size_t parent = ensure(id.substr(0, point));
        if (parent == entries_.size()) return parent;
        const std::string full = entries_[parent].id + id.substr(point);
        if (const std::size_t found = find(full); found < entries_.size()) return found;
        unfold(parent, id.substr(point + 1));
        if (const std::size_t found = find(full); found < entries_.size()) return found;
        return by_type(parent, id.substr(point + 1));
    }

    std::size_t ensure_slice(const std::string& id, const std::string& sliced) {
        const std::size_t base = ensure(sliced);
        if (base == entries_.size()) return base;
        const std::string full = entries_[base].id + id.substr(sliced.size());
        if (const std::size_t found = find(full); found < entries_.size()) return found;
        Entry made{full, entries_[base].path, entries_[base].layers, entries_[base].layers.size()};
        std::size_t at = base + 1;
        while (at < entries_.size() && is_below(entries_[at].id, entries_[base].id)) ++at;
        entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), std::move(made));
        return at;
    }

    /// valueQuantity stands for value[x]:valueQuantity.
    std::size_t by_type(std::size_t parent, const std::string& name) {
        const std::string owner = entries_[parent].id;
        for (const Entry& entry : entries_) {
            if (!is_below(entry.id, owner) || !entry.id.ends_with("[x]") ||
                entry.id.find(':', owner.size()) != std::string::npos)
                continue;
            const auto choice = std::string_view(entry.id).substr(owner.size() + 1);
            if (choice.find('.') != std::string_view::npos || !name.starts_with(choice.substr(0, choice.size() - 3)))
                continue;
            const std::string id = entry.id;
            return ensure_slice(id + ':' + name, id);
        }
        return entries_.size();
    }

    /// The children of an entry: of the element that it slices, or of its type.
    void unfold(std::size_t parent, std::string_view wanted) {
        const std::string id = entries_[parent].id;
        const std::string path = entries_[parent].path;
        std::vector<Entry> made;
        if (const auto colon = id.find(':', id.rfind('.') == std::string::npos ? 0 : id.rfind('.'));
            colon != std::string::npos) {
            const std::string sliced = id.substr(0, colon);
            for (const Entry& entry : entries_)
                if (entry.id.starts_with(sliced + '.'))
                    made.push_back(
                        {id + entry.id.substr(sliced.size()), path + entry.path.substr(path.size()), entry.layers, 0});
        }
        if (made.empty()) {
            const TypeDef* type = type_with(entries_[parent], wanted);
            if (!type) return;
            kept_.push_back(snapshot_of(*type));
            for (const Element element : kept_.back()->root()["snapshot"]["element"].items()) {
                const auto rest = element["id"].text().substr(type->name.size());
                if (!rest.empty()) made.push_back({id + std::string(rest), path + std::string(rest), {element}, 0});
            }
        }
        entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(parent) + 1,
                        std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
    }

    static const TypeDef* type_with(const Entry& entry, std::string_view wanted) {
        if (wanted.ends_with("[x]")) wanted.remove_suffix(3);
        if (const auto reference = entry.find("contentReference").text(); !reference.empty())
            return r4::find_type(reference.substr(reference.find('#') + 1));
        // a slice named by its type has that type alone
        if (entry.own > 0) {
            const auto slice = std::string_view(entry.id).substr(entry.id.rfind(':') + 1);
            for (const Element type : entry.find("type").items())
                if (slice.size() > type["code"].text().size() && !slice.empty()) {
                    const auto code = type["code"].text();
                    if (slice.ends_with(code.substr(1)) && code.size() > 1)
                        if (const TypeDef* found = r4::find_type(code); found && r4::find_choice(*found, wanted))
                            return found;
                }
        }
        for (const Element type : entry.find("type").items())
            if (const TypeDef* found = r4::find_type(type["code"].text()); found && r4::find_choice(*found, wanted))
                return found;
        return nullptr;
    }

    static void write_entry(const Entry& entry, MutableElement out) {
        out.member("id").set_string(entry.id);
        out.member("path").set_string(entry.path);
        const auto colon = entry.id.find(':', entry.id.rfind('.') == std::string::npos ? 0 : entry.id.rfind('.'));
        if (colon != std::string::npos)
            out.member("sliceName").set_string(std::string_view(entry.id).substr(colon + 1));
        for (std::size_t i = 0; i < entry.layers.size(); ++i) {
            const Element layer = entry.layers[i];
            for (const Element member : layer.children()) {
                const auto name = member.name();
                if (name == "id" || name == "path" || name == "sliceName") continue;
                if (i < entry.own && (name == "slicing" || name == "min")) continue;
                if (name == "base" && out.get()["base"]) continue;
                if (name == "constraint")
                    add_constraints(member, out);
                else
                    out.member(name).copy_from(member);
            }
        }
        if (!out.get()["min"]) out.member("min").set_number(std::int64_t{0});
    }

    static void add_constraints(Element constraints, MutableElement out) {
        for (const Element one : constraints.items()) {
            bool known = false;
            for (const Element earlier : out.get()["constraint"].items())
                known = known || earlier["key"].text() == one["key"].text();
            if (!known) out.append("constraint").copy_from(one);
        }
    }

    const DefinitionSource& source_;
    std::vector<Entry> entries_;
    std::vector<DocumentPtr> kept_;
    Error error_{};
};

}  // namespace

Result<DocumentPtr> generate_snapshot(const DocumentPtr& definition, const DefinitionSource& source) {
    Generator generator(source);
    if (!generator.run(definition, 0)) {
        auto error = generator.error();
        error.message = std::string(definition->root()["url"].text()) + ": " + error.message;
        return error;
    }
    DocumentBuilder builder = DocumentBuilder::edit(definition);
    builder.root().remove("snapshot");
    generator.write(builder.root().member("snapshot"));
    return std::move(builder).finish();
}

}  // namespace causeway::fhir
