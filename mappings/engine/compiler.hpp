#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/r4/tables.hpp"
#include "mappings/engine/library.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

/// The passes of compile(): what they share. compile_paths.cpp, compile_blocks.cpp and compile_messages.cpp hold the
/// members.
class Compiler {
public:
    Compiler(const Library& library, std::string_view site, std::string_view version,
             const std::vector<MapSource>& sources, Diagnostics& out);
    std::shared_ptr<const Plan> run();

private:
    using TypeDef = fhir::r4::TypeDef;

    /// What a block's statements are about.
    struct Context {
        const TypeDef* fhir = nullptr;      ///< type of the target
        std::vector<std::string> segments;  ///< segment map; empty in a type map
        std::string v2_type;                ///< type map: the data type its paths are about
        std::vector<std::string> v2_aliases;
        std::string varies_as = "ST";  ///< data type of a field of varying type: what OBX-2 was tested for
        std::string owner;             ///< for people: "map PID_Patient"
    };

    void fault(const Place& place, const char* code, std::string text);
    std::uint32_t add_line(const Place& place, const std::string& owner, std::string text);
    void name(Step& step, std::string_view text);

    // paths, conditions, constants
    Path path(const syntax::FhirPath& in, const TypeDef& start);
    void add_steps(const syntax::FhirPath& in, std::size_t from, const TypeDef& start, Path& out);
    std::vector<SliceTest> slice_tests(const std::vector<syntax::Constraint>& in, const TypeDef& type,
                                       const Place& place);
    SliceTest slice_test(const syntax::Constraint& in, const TypeDef& type, const Place& place);
    Constant constant(const syntax::Value& in, const Place& place, FhirKind type, const Context* context);
    V2Ref v2(const syntax::V2Path& in, const Context& context);
    Condition condition(const syntax::ConditionPtr& in, const Context& context);
    Condition condition(const syntax::Condition& in, const Context& context);
    Condition condition_itself(const syntax::Condition& in, const Context& context);
    Condition static_test(const syntax::Condition& in, std::string_view left, bool as_version) const;
    bool version_allows(const std::string& since, const std::string& until, bool writing) const;

    // blocks
    Block block(const std::vector<syntax::Statement>& in, const Context& context);
    void add_statements(const std::vector<syntax::Statement>& in, const Context& context, Block& out);
    Line line(const syntax::Statement& in, const Context& context);
    Assignment assignment(const syntax::Statement& in, const Context& context);
    Choose choose(const syntax::Statement& in, const Context& context);
    Conversion conversion(const syntax::Statement& in, const Line& line, const Context& context);
    const TypePlan* find_type(std::string_view v2_type, std::string_view fhir_type) const;
    void order_forward(Block& block);
    static void number_places(Block& block);
    static void gather_turns(Block& block);
    void find_own_crossings();
    void order_backward(Block& block);
    void table(const syntax::Table& in, const Place& place);

    // messages
    void message(const syntax::Message& in, const Place& place);
    ItemPlan item(const syntax::Item& in, MessagePlan& message, const std::string& owner, const std::string& segment);
    ClausePlan clause(const syntax::Clause& in, MessagePlan& message, const std::string& owner,
                      const std::string& segment);
    void collect_variables(const std::vector<syntax::Item>& items, MessagePlan& message,
                           std::vector<std::uint32_t>& groups);
    int variable(const MessagePlan& message, std::string_view name) const;
    void reserve(MessagePlan& message);
    void reserve_block(const Block& block, MessagePlan& message);
    void reserve_path(const Path& path, const std::string& start, MessagePlan& message);
    KeyPlan key(const syntax::Key& in, const TypeDef& type, const Place& place);
    KeyPlan key_itself(const syntax::Key& in, const TypeDef& type, const Place& place);

    const Library& library_;
    const std::vector<MapSource>& sources_;
    Diagnostics& out_;
    std::shared_ptr<Plan> plan_;
    std::map<std::string, TypePlan*, std::less<>> types_by_key_;  ///< "CX<->Identifier"
    std::map<std::string, std::vector<TypePlan*>, std::less<>> types_by_name_;
    std::map<std::string, MapPlan*, std::less<>> maps_by_name_;
    std::map<std::string, TablePlan*, std::less<>> tables_by_name_;
    int depth_ = 0;
};

}  // namespace causeway::mappings
