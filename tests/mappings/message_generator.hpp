#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "mappings/engine/plan.hpp"

namespace causeway::mappings::testing {

/// A message as a list of segments with their values: easy to take things away from.
struct GeneratedMessage {
    struct Segment {
        std::string name;
        std::map<std::uint64_t, std::string> leaves;  ///< LeafKey::packed() -> plain text
        bool optional = true;                         ///< the structure can do without it
        std::vector<int> groups;                      ///< optional groups it stands in, from the outside in
        std::set<std::uint64_t> required;             ///< leaves the segment cannot do without
    };
    std::vector<Segment> segments;

    std::string er7() const;  ///< segments end in CR
};

/// Makes messages of a structure from the map for it and the dictionary: segments and groups as the map has them,
/// fields that some line reads (and a few that none does), values of the field's type, codes from the tables and
/// conditions the maps know. The same seed gives the same message.
class MessageGenerator {
public:
    MessageGenerator(const Plan& plan, const MessagePlan& message);
    GeneratedMessage make(std::uint64_t seed);

private:
    struct Place {
        std::uint16_t field = 0;
        std::set<std::uint8_t> components;  ///< empty: the field as a whole
        bool repeats = false;
    };
    using Codes =
        std::map<std::string, std::set<std::string>, std::less<>>;  ///< "PID-8", "CX.5" -> what may stand there

    void learn();
    void learn_condition(const Condition& condition, const std::string& datatype);
    void learn_place(const V2Ref& ref);
    void emit(const ItemPlan& item, GeneratedMessage& out, bool root);
    void fill(const ItemPlan& item, GeneratedMessage& out, bool optional);
    void value(GeneratedMessage::Segment& segment, std::string datatype, LeafKey at, int depth,
               const std::string& path);
    std::string primitive(std::string_view datatype);
    std::string word();
    bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
    std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random_() % n; }

    const Plan& plan_;
    const MessagePlan& message_;
    std::map<std::string, std::map<std::uint16_t, Place>, std::less<>> places_;  ///< by segment
    Codes codes_;
    std::mt19937_64 random_;
    std::map<std::string, int> ordinals_;
    std::vector<int> groups_;
    int next_group_ = 0;
};

/// The smallest message, found by taking away what the structure can do without, that still fails; `fails` must hold for
/// `message`.
GeneratedMessage shrink(GeneratedMessage message, const std::function<bool(const GeneratedMessage&)>& fails);

}  // namespace causeway::mappings::testing
