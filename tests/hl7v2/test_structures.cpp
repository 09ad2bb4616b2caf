#include <doctest/doctest.h>

#include <map>
#include <set>

#include "hl7v2/builder.hpp"
#include "hl7v2/group.hpp"
#include "hl7v2/message.hpp"
#include "hl7v2/validate/validate.hpp"
#include "tests/hl7v2/group_items.hpp"

using namespace causeway::hl7v2;
using causeway::hl7v2::testing::collect;
using dictionary::Item;

namespace {

/// Which optional items a message has, and how often those that repeat.
struct Shape {
    bool optional;
    int times;
};

/// The items of the segments of a message of that shape, in order; the message in `text`.
void write_items(const Item& item, const Shape& shape, dictionary::Version version, std::string& text,
                 std::vector<std::uint32_t>& items) {
    if (!item.required() && !shape.optional) return;
    const int times = item.repeats() ? shape.times : 1;
    for (int i = 0; i < times; ++i) {
        switch (item.kind()) {
            case Item::Kind::segment:
                if (item.name() == "MSH") {
                    text.append("MSH|^~\\&|A|B|C|D|20240102||XXX^X01|1|P|").append(version.text()).append("\r");
                } else {
                    text.append(item.name()).append("|1\r");
                }
                items.push_back(item.id());
                break;
            case Item::Kind::group:
                for (std::size_t child = 0; child < item.size(); ++child) {
                    write_items(item.child(child), shape, version, text, items);
                }
                break;
            case Item::Kind::choice: {  // the choice is the place of whichever segment stands there
                const std::size_t before = items.size();
                write_items(item.child(0), {true, 1}, version, text, items);
                if (item.child(0).kind() == Item::Kind::segment) items[before] = item.id();
                break;
            }
            case Item::Kind::any:
                text.append("ZAN|1\r");
                items.push_back(item.id());
                break;
        }
    }
}

}  // namespace

TEST_SUITE("hl7v2/structures") {
    // In these a segment may stand at two places, and the standard does not say which: the ORC after the OBR of a
    // patient's order is that patient's next order or the first of those without patient (OMD_O03).
    const std::string ambiguous_by_nature = "EHC_E15 OMD_O01 OMD_O03 ORD_O02 ORD_O04 ORL_O22 ORL_O34 RCI_I05 SUR_P09 ";

    // Every structure of every version, as small as it may be and as full: read, grouped where the structure has each
    // segment, written back, checked.
    TEST_CASE("messages of every structure of every version find their places") {
        std::size_t messages = 0;
        std::set<std::string> ambiguous;
        for (const dictionary::Version version : dictionary::versions()) {
            for (std::size_t i = 0; i < version.structure_count(); ++i) {
                const dictionary::Structure structure = version.structure_at(i);
                for (const Shape shape : {Shape{false, 1}, Shape{true, 1}, Shape{true, 2}}) {
                    std::string text;
                    std::vector<std::uint32_t> items;
                    const Item root = structure.root();
                    for (std::size_t child = 0; child < root.size(); ++child) {
                        write_items(root.child(child), shape, version, text, items);
                    }
                    if (!text.starts_with("MSH")) continue;  // the source has a structure without its header
                    const std::string name = std::string(structure.name()) + " " + std::string(version.text());
                    CAPTURE(name);
                    CAPTURE(text);
                    const auto message = Message::parse(text, {{}, Tolerances::strict()});
                    REQUIRE(message.has_value());
                    ++messages;
                    const GroupTree tree = group(message->view(), structure);
                    std::vector<std::uint32_t> placed;
                    collect(tree.root(), placed);
                    REQUIRE(placed.size() == items.size());
                    if (placed != items || !tree.issues().empty()) ambiguous.insert(std::string(structure.name()));
                    CHECK(MessageBuilder::edit(message->view()).text() == text);
                    CHECK(validate(message->view()).size() <= 1000);
                }
            }
        }
        CHECK(messages > 3000);
        std::string list;
        for (const std::string& name : ambiguous) list += name + " ";
        CHECK(list == ambiguous_by_nature);
    }
}
