#include <charconv>
#include <optional>

#include "fhir/model/builder.hpp"
#include "fhir/patch/patch.hpp"
#include "fhir/path/expression.hpp"

namespace causeway::fhir {
namespace {

/// The parts of one `operation` parameter.
struct Operation {
    std::string_view type, path, name;
    std::optional<std::size_t> index, source, destination;
    Element value;  ///< the part called value
};

/// value[x] or resource of a parameter or part.
Element content_of(Element part) {
    for (const Element child : part.children()) {
        if (child.name() == "resource" || (child.name().starts_with("value") && child.name().size() > 5)) return child;
    }
    return {};
}

std::optional<std::size_t> number_of(Element part) {
    const std::string_view text = content_of(part).text();
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

class FhirPathPatch {
public:
    explicit FhirPathPatch(DocumentPtr document) : builder_(DocumentBuilder::edit(std::move(document))) {}

    bool apply(Element parameter, std::size_t number) {
        place_ = "Parameters.parameter[" + std::to_string(number) + "]";
        if (parameter["name"].text() != "operation") return broken("parameters are called operation");
        Operation operation;
        if (!read(parameter, operation)) return false;
        auto expression = path::Expression::compile(operation.path);
        if (expression.has_error()) return broken("path: " + expression.error().message);
        const auto items = evaluation_.run(*expression, builder_.root().get());
        if (items.has_error()) return impossible("path: " + items.error().message);
        for (const path::Item& item : *items) {
            if (!item.is_element() || !item.element())
                return impossible("the path gives a computed value, not an element");
        }
        if (operation.type == "add") return add(operation, *items);
        if (operation.type == "insert") return insert(operation, *items);
        if (operation.type == "delete") return erase(*items);
        if (operation.type == "replace") return replace(operation, *items);
        if (operation.type == "move") return move(operation, *items);
        return broken("operations are add, insert, delete, replace and move");
    }

    DocumentPtr finish() && { return std::move(builder_).finish(); }
    const Error& error() const { return error_; }

private:
    using Items = std::span<const path::Item>;

    bool stop(Errc code, std::string message) {
        error_ = Error{code, std::move(message), place_, 0, 0, 0};
        return false;
    }
    bool broken(std::string message) { return stop(Errc::wrong_shape, std::move(message)); }
    bool impossible(std::string message) { return stop(Errc::evaluation, std::move(message)); }

    bool read(Element parameter, Operation& out) {
        for (const Element part : parameter["part"].items()) {
            const std::string_view name = part["name"].text();
            if (name == "type") {
                out.type = content_of(part).text();
            } else if (name == "path") {
                out.path = content_of(part).text();
            } else if (name == "name") {
                out.name = content_of(part).text();
            } else if (name == "value") {
                out.value = part;
            } else if (name == "index" || name == "source" || name == "destination") {
                const auto number = number_of(part);
                if (!number) return broken(std::string(name) + " is no number");
                (name == "index" ? out.index : name == "source" ? out.source : out.destination) = number;
            }
        }
        return (!out.type.empty() && !out.path.empty()) || broken("an operation has a type and a path");
    }

    bool one(Items items, std::string_view verb) {
        if (items.size() == 1) return true;
        return impossible("the path finds " + std::to_string(items.size()) + " elements where " + std::string(verb) +
                          " wants one");
    }

    /// Puts a value part's content into an element: a value, or an object made of nested parts.
    bool fill(MutableElement target, Element part, const r4::TypeDef* type) {
        if (const Element content = content_of(part)) {
            target.copy_from(content);
            return true;
        }
        if (!part["part"]) return broken("the value is missing");
        target.as_object();
        for (const Element nested : part["part"].items()) {
            if (!add_member(target, nested["name"].text(), nested, type)) return false;
        }
        return true;
    }

    /// A new member by its FHIR name: appended where the element repeats, with the type's suffix where it is a choice.
    bool add_member(MutableElement parent, std::string_view name, Element part, const r4::TypeDef* type) {
        if (name.empty()) return broken("the name is missing");
        std::string json_name(name);
        const r4::ElementDef* element = type ? r4::find_choice(*type, name) : nullptr;
        if (!element && type) element = r4::find_element(*type, name).element;  // valueQuantity
        if (!element) return impossible("there is no element of that name here");
        if (element->is_choice && element->name == name)
            json_name +=
                std::string(content_of(part).name().substr(std::min<std::size_t>(5, content_of(part).name().size())));
        const r4::MemberDef member = r4::find_element(*type, json_name);
        if (!member.element) return impossible("the element cannot have a value of this type");
        if (element->max != 1) return fill(parent.append(json_name), part, member.type);
        if (element->is_choice) {
            for (const std::string_view other : element->json_names) {
                if (parent.find(other)) return impossible("the element is there already and does not repeat");
            }
        } else if (parent.find(json_name)) {
            return impossible("the element is there already and does not repeat");
        }
        MutableElement made = parent.member(json_name);
        if (member.type && member.type->kind == r4::TypeKind::primitive) made.as_primitive();
        return fill(made, part, member.type);
    }

    bool add(const Operation& operation, Items items) {
        if (items.empty()) return impossible("the path finds nothing to add to");
        if (!one(items, "add")) return false;
        if (!operation.value || operation.name.empty()) return broken("add wants a name and a value");
        return add_member(builder_.handle(items.front().element()), operation.name, operation.value,
                          items.front().type());
    }

    bool insert(const Operation& operation, Items items) {
        if (!operation.index || !operation.value) return broken("insert wants an index and a value");
        if (*operation.index > items.size()) return impossible("the index is beyond the end of the list");
        if (items.empty()) return insert_first(operation);
        const Element list = items.front().element().parent();
        if (!same_list(items)) return impossible("the path's elements are not one list");
        MutableElement owner = builder_.handle(list.parent());
        return fill(owner.insert(std::string(list.name()), *operation.index), operation.value, items.front().type());
    }

    /// Into a list that is not there yet: the path's last name, below what the rest of it finds.
    bool insert_first(const Operation& operation) {
        const std::size_t dot = operation.path.rfind('.');
        if (dot == std::string_view::npos) return impossible("the path finds no list");
        Operation as_add = operation;
        as_add.name = operation.path.substr(dot + 1);
        const auto expression = path::Expression::compile(operation.path.substr(0, dot));
        if (expression.has_error()) return impossible("the path finds no list");
        const auto items = evaluation_.run(*expression, builder_.root().get());
        if (items.has_error() || items->size() != 1 || !items->front().is_element())
            return impossible("the path finds no list");
        return add(as_add, *items);
    }

    static bool same_list(Items items) {
        const Element list = items.front().element().parent();
        if (!list.is_array() || list.size() != items.size()) return false;
        for (const path::Item& item : items) {
            if (item.element().parent() != list) return false;
        }
        return true;
    }

    bool erase(Items items) {
        if (items.empty()) return true;
        if (!one(items, "delete")) return false;
        Element element = items.front().element();
        // what becomes empty goes too, but never the resource itself
        for (Element parent = element.parent(); parent; parent = element.parent()) {
            builder_.handle(parent).remove_child(element);
            if (parent.size() > 0 || parent.has_value()) return true;
            element = parent;
        }
        return element == builder_.root().get() || impossible("the resource itself cannot be deleted");
    }

    bool replace(const Operation& operation, Items items) {
        if (!operation.value) return broken("replace wants a value");
        if (!one(items, "replace")) return false;
        MutableElement target = builder_.handle(items.front().element());
        if (target.get() == builder_.root().get()) return impossible("the resource itself cannot be replaced");
        const bool choice = replace_choice(operation, items.front());
        if (choice) return true;
        return fill(target, operation.value, items.front().type());
    }

    /// A choice element that gets another type changes its member's name: valueString becomes valueQuantity.
    bool replace_choice(const Operation& operation, const path::Item& item) {
        const Element element = item.element();
        const Element parent = element.parent();
        const Element content = content_of(operation.value);
        if (!content || content.name().size() <= 5 || !parent.is_object() || !item.type()) return false;
        const std::string_view suffix = content.name().substr(5);
        const std::string_view name = element.name();
        for (const std::size_t upper : uppercase_places(name)) {
            const r4::TypeDef* const owner = owner_type(parent);
            const r4::ElementDef* const choice = owner ? r4::find_choice(*owner, name.substr(0, upper)) : nullptr;
            if (!choice || !choice->is_choice) continue;
            const std::string wanted = std::string(choice->name) + std::string(suffix);
            if (wanted == name || !r4::find_element(*owner, wanted).element) return false;
            MutableElement handle = builder_.handle(parent);
            handle.remove_child(element);
            handle.member(wanted).copy_from(content);
            return true;
        }
        return false;
    }

    static std::vector<std::size_t> uppercase_places(std::string_view name) {
        std::vector<std::size_t> places;
        for (std::size_t i = 1; i < name.size(); ++i) {
            if (name[i] >= 'A' && name[i] <= 'Z') places.push_back(i);
        }
        return places;
    }

    /// The type of an object, found from its resource down.
    const r4::TypeDef* owner_type(Element object) const {
        if (const std::string_view resource = object.resource_type(); !resource.empty()) return r4::find_type(resource);
        Element parent = object.parent();
        while (parent.is_array()) parent = parent.parent();
        const r4::TypeDef* const outer = parent ? owner_type(parent) : nullptr;
        return outer ? r4::find_element(*outer, object.name()).type : nullptr;
    }

    bool move(const Operation& operation, Items items) {
        if (!operation.source || !operation.destination) return broken("move wants a source and a destination");
        if (items.empty() || *operation.source >= items.size() || *operation.destination >= items.size())
            return impossible("an index is beyond the end of the list");
        if (!same_list(items)) return items.size() == 1 || impossible("the path's elements are not one list");
        const Element list = items.front().element().parent();
        return builder_.handle(list.parent()).move_item(list.name(), *operation.source, *operation.destination) ||
               impossible("the list cannot be reordered");
    }

    DocumentBuilder builder_;
    path::Evaluation evaluation_;
    std::string place_;
    Error error_{};
};

}  // namespace

Result<DocumentPtr> apply_fhirpath_patch(const DocumentPtr& document, Element parameters) {
    if (parameters.resource_type() != "Parameters")
        return Error{Errc::wrong_shape, "a FHIRPath Patch is a Parameters resource", {}, 0, 0, 0};
    if (parameters["parameter"].size() > 10'000)
        return Error{Errc::too_large, "more patch operations than the limit", {}, 0, 0, 0};
    FhirPathPatch state(document);
    std::size_t number = 0;
    for (const Element parameter : parameters["parameter"].items()) {
        if (!state.apply(parameter, number++)) return state.error();
    }
    return std::move(state).finish();
}

}  // namespace causeway::fhir
