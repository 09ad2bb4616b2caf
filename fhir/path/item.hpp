#pragma once
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/element.hpp"
#include "fhir/path/decimal.hpp"
#include "fhir/path/temporal.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::fhir::path {

/// A computed quantity. `unit` is a UCUM code, or a calendar word (`days`) where `calendar` is set.
struct Quantity {
    Decimal value;
    std::string_view unit;
    bool calendar = false;
};

/// What type() gives.
struct TypeInfo {
    std::string_view space;  ///< "System" or "FHIR"
    std::string_view name;
};

enum class ItemKind : std::uint8_t {
    element,
    boolean,
    integer,
    decimal,
    string,
    date,
    date_time,
    time,
    quantity,
    type_info
};

/// One member of a collection: an element of the document, or a value that was computed. Cheap to copy; borrows from
/// the document, the expression and the Evaluation that made it.
class Item {
public:
    Item() = default;
    /// An element; `type` may be null where the type is not known. An absent element with a type stands for a resource
    /// that a reference names and nobody could give (resolve() without a resolver).
    Item(Element element, const r4::TypeDef* type) : element_(element), type_(type) {}
    static Item of(bool value) {
        Item item(ItemKind::boolean);
        item.payload_.boolean = value;
        return item;
    }
    static Item of(std::int64_t value) {
        Item item(ItemKind::integer);
        item.payload_.integer = value;
        return item;
    }
    static Item of(std::string_view text) {
        Item item(ItemKind::string);
        item.payload_.text = {text.data(), text.size()};
        return item;
    }
    static Item of(const Decimal* value) {
        Item item(ItemKind::decimal);
        item.payload_.decimal = value;
        return item;
    }
    static Item of(const Quantity* value) {
        Item item(ItemKind::quantity);
        item.payload_.quantity = value;
        return item;
    }
    static Item of(const TypeInfo* value) {
        Item item(ItemKind::type_info);
        item.payload_.type_info = value;
        return item;
    }
    static Item of(ItemKind kind, const Temporal& value) {
        Item item(kind);
        item.payload_.temporal = value;
        return item;
    }

    ItemKind kind() const { return kind_; }
    bool is_element() const { return kind_ == ItemKind::element; }
    bool is_temporal() const {
        return kind_ == ItemKind::date || kind_ == ItemKind::date_time || kind_ == ItemKind::time;
    }
    bool is_number() const { return kind_ == ItemKind::integer || kind_ == ItemKind::decimal; }
    Element element() const { return element_; }
    const r4::TypeDef* type() const { return type_; }

    bool boolean() const { return payload_.boolean; }
    std::int64_t integer() const { return payload_.integer; }
    std::string_view text() const { return {payload_.text.data, payload_.text.size}; }
    const Decimal& decimal() const { return *payload_.decimal; }
    const Quantity& quantity() const { return *payload_.quantity; }
    const TypeInfo& type_info() const { return *payload_.type_info; }
    const Temporal& temporal() const { return payload_.temporal; }

private:
    explicit Item(ItemKind kind) : kind_(kind) {}

    struct Text {
        const char* data;
        std::size_t size;
    };
    union Payload {
        Payload() : integer(0) {}
        bool boolean;
        std::int64_t integer;
        Text text;
        const Decimal* decimal;
        const Quantity* quantity;
        const TypeInfo* type_info;
        Temporal temporal;
    };
    Element element_;
    const r4::TypeDef* type_ = nullptr;
    Payload payload_;
    ItemKind kind_ = ItemKind::element;
};

using Collection = std::pmr::vector<Item>;

/// "FHIR.Patient", "System.Integer"; "?" where the type is not known.
std::string type_name(const Item& item);
/// For people: a primitive's or computed value's text; JSON for complex elements.
std::string display(const Item& item);

}  // namespace causeway::fhir::path
