#pragma once
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "hl7v2/message.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/mapset.hpp"
#include "tests/bench/count_allocations.hpp"

/// What the map benchmarks share: the shipped plan and messages of the usual shapes.
namespace causeway::bench {

inline const mappings::PlanPtr& shipped_plan() {
    static const auto plan = [] {
        auto loaded = mappings::MapSet::load(mappings::MapSet::builtin());
        if (!loaded.maps) std::abort();
        return loaded.maps->plan();
    }();
    return plan;
}

inline mappings::ForwardContext at_noon() {
    mappings::ForwardContext context;
    context.now = "2024-03-05T12:00:00-06:00";
    return context;
}

inline const std::string& sample_adt() {
    static const std::string text =
        "MSH|^~\\&|ADT1|GOOD HEALTH|GATE|CITY|20240305103000-0600||ADT^A01^ADT_A01|MSG00001|P|2.5.1\r"
        "EVN|A01|20240305102500-0600||||20240305100000-0600\r"
        "PID|1||483921^^^GOODH&1.2.840.114398.1.100&ISO^MR~999-12-3456^^^SSA^SS||Okafor^Ngozi^Ada^^Dr^^L||19840213|F||"
        "2106-3^White^HL70005|1200 N Elm "
        "Street^^Jerusalem^TN^99999^USA^H||^PRN^PH^^1^999^5551212|^WPN^PH^^1^999^5553434||"
        "M^Married^HL70002||AC1234^^^GOODH^AN\r"
        "PD1|||Good Health Clinic^^12345|5678^Primary^Paul^^^Dr\r"
        "NK1|1|Okafor^Chidi^^^Mr|SPO^Spouse^HL70063|1200 N Elm Street^^Jerusalem^TN^99999^USA|^PRN^PH^^1^999^5551212\r"
        "PV1|1|I|W3^12^B^GOODH|E|||1234^Lind^Ole^^^Dr|4321^Berg^Mia^^^Dr||MED||||7|A0||1234^Lind^Ole^^^Dr|IN|V1001^^^"
        "GOODH^"
        "VN|||||||||||||||||||||||||20240305100000-0600\r"
        "PV2||PRIV|R10.9^Abdominal pain^I10\r"
        "AL1|1|DA|1545-A^Penicillin^L|MO|Rash|20100101\r"
        "DG1|1||R10.9^Unspecified abdominal pain^I10||20240305|A\r"
        "IN1|1|PLAN1^Gold^L|PAY1^^^GOODH|Payer One|PO Box "
        "1^^Jerusalem^TN^99999|||GRP1|||||||||Okafor^Ngozi|SEL|19840213\r";
    return text;
}

/// 2.3 KB with ten results; `results` more or fewer.
inline std::string sample_results(int results) {
    std::string text =
        "MSH|^~\\&|LABSYS^2.16.840.1.113883.3.1^ISO|NORTH|EMR|CLINIC|20240311093015+0100||ORU^R01^ORU_R01|MSG0000001|P|"
        "2.5.1|||AL|NE||UNICODE UTF-8\r"
        "PID|1||4711^^^NORTH&2.16.840.1.113883.3.1&ISO^MR~999-12-3456^^^SSA^SS||Example^Erika^Maria^^^^L||19611105|F|||"
        "12 "
        "Long Lane^^Springfield^IL^62701^USA^H||^PRN^PH^^1^217^5550100|||M\r"
        "PV1|1|O|CARD^101^1||||1234^Carter^John^^^Dr|||||||||||V1001\r"
        "ORC|RE|ORD1^EMR|LAB77^LABSYS||CM||||20240310\r"
        "OBR|1|ORD1^EMR|LAB77^LABSYS|24331-1^Lipid 1996 panel^LN|||20240310083000+0100|||||||||1234^Carter^John||||||"
        "20240311092900+0100||LAB|F\r";
    for (int i = 1; i <= results; ++i)
        text +=
            "OBX|" + std::to_string(i) + "|NM|" + std::to_string(2093 + i) + "-3^Cholesterol " + std::to_string(i) +
            " [Mass/volume] in Serum or Plasma^LN||" + std::to_string(100 + i) +
            "|mg/dL^milligram per deciliter^UCUM|100-200|N^Normal^HL70078|||F|||20240310083000+0100||99^Tech^Tina\r";
    return text;
}

inline const std::string& sample_order() {
    static const std::string text =
        "MSH|^~\\&|EMR|CLINIC|LABSYS|NORTH|20240310080000+0100||OML^O21^OML_O21|ORD0000001|P|2.5.1\r"
        "PID|1||4711^^^NORTH&2.16.840.1.113883.3.1&ISO^MR||Example^Erika^Maria^^^^L||19611105|F|||12 Long "
        "Lane^^Springfield^IL^"
        "62701^USA^H||^PRN^PH^^1^217^5550100\r"
        "PV1|1|O|CARD^101^1||||1234^Carter^John^^^Dr|||||||||||V1001\r"
        "ORC|NW|ORD1^EMR||GRP1^EMR|||||20240310080000+0100|||1234^Carter^John^^^Dr\r"
        "TQ1|1||||||20240310090000+0100||R^Routine^HL70485\r"
        "OBR|1|ORD1^EMR||24331-1^Lipid 1996 panel^LN|||||||A||hyperlipidemia|||1234^Carter^John^^^Dr\r"
        "DG1|1||E78.5^Hyperlipidemia^I10||20240310|F\r"
        "SPM|1|SP1&EMR||119297000^Blood^SCT|||||||||||||20240310083000+0100\r";
    return text;
}

/// Reports messages per second, bytes and allocations of a loop that handled one message per iteration.
inline void report(benchmark::State& state, std::size_t allocations_before, std::size_t bytes) {
    state.counters["allocations/message"] =
        static_cast<double>(allocations - allocations_before) / static_cast<double>(state.iterations());
    state.counters["message_bytes"] = static_cast<double>(bytes);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

/// A message to the bytes of its Bundle, over and over.
inline void to_bundle_bytes(benchmark::State& state, const std::string& bytes) {
    const auto& plan = *shipped_plan();
    const auto context = at_noon();
    const std::size_t before = allocations;
    std::size_t made = 0;
    for (auto _ : state) {
        const auto message = hl7v2::MessageView::parse(std::string_view(bytes));
        const auto result = mappings::forward(plan, *message, context);
        std::string json;
        mappings::write_bundle(result, context, json);
        made = json.size();
        benchmark::DoNotOptimize(json);
    }
    report(state, before, bytes.size());
    state.counters["bundle_bytes"] = static_cast<double>(made);
}

}  // namespace causeway::bench
