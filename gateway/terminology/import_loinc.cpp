#include <array>
#include <stdexcept>

#include "gateway/terminology/importers.hpp"

namespace causeway::terminology {

namespace {

/// Columns of Loinc.csv that become properties, by the names that FHIR uses for LOINC.
constexpr std::array<std::string_view, 14> property_columns = {
    "COMPONENT",     "PROPERTY",          "TIME_ASPCT",    "SYSTEM",
    "SCALE_TYP",     "METHOD_TYP",        "CLASS",         "STATUS",
    "CLASSTYPE",     "ORDER_OBS",         "CONSUMER_NAME", "EXAMPLE_UCUM_UNITS",
    "EXAMPLE_UNITS", "VersionLastChanged"};

std::size_t needed(const RecordReader& header, std::string_view name) {
    const auto column = header.column(name);
    if (!column) throw std::runtime_error(header.place() + ": the column " + std::string(name) + " is missing");
    return *column;
}

bool is_later(std::string_view a, std::string_view b) noexcept {
    const auto major = [](std::string_view text) { return text.substr(0, text.find('.')); };
    const auto first = major(a);
    const auto second = major(b);
    if (first.size() != second.size()) return first.size() > second.size();
    if (first != second) return first > second;
    return a.size() != b.size() ? a.size() > b.size() : a > b;
}

void read_terms(ImportJob& job, RecordReader& rows) {
    const auto code = needed(rows, "LOINC_NUM");
    const auto long_name = needed(rows, "LONG_COMMON_NAME");
    const auto short_name = rows.column("SHORTNAME");
    const auto display_name = rows.column("DisplayName");
    const auto definition = rows.column("DefinitionDescription");
    const auto status = rows.column("STATUS");
    const auto changed = rows.column("VersionLastChanged");
    std::array<std::optional<std::size_t>, property_columns.size()> columns;
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = rows.column(property_columns[i]);
    std::string latest;
    while (rows.next()) {
        const auto display = rows[long_name].empty() && short_name ? rows[*short_name] : rows[long_name];
        const auto id = job.out.add({rows[code], display, definition ? rows[*definition] : std::string_view(),
                                     status && (rows[*status] == "DEPRECATED" || rows[*status] == "DISCOURAGED")});
        if (id == 0) continue;
        if (short_name) job.name(id, "en", "SHORTNAME", rows[*short_name]);
        if (display_name) job.name(id, "en", "DisplayName", rows[*display_name]);
        for (std::size_t i = 0; i < columns.size(); ++i)
            if (columns[i]) job.property(id, property_columns[i], rows[*columns[i]]);
        if (changed && is_later(rows[*changed], latest)) latest = rows[*changed];
    }
    if (job.report.version.empty()) job.report.version = latest;
}

/// IMMEDIATE_PARENT and CODE; parts (LP...) become concepts that only group.
void read_hierarchy(ImportJob& job, RecordReader& rows) {
    const auto parent = needed(rows, "IMMEDIATE_PARENT");
    const auto code = needed(rows, "CODE");
    const auto text = needed(rows, "CODE_TEXT");
    while (rows.next()) {
        auto child = job.out.find(rows[code]);
        if (child == 0) child = job.out.add({.code = rows[code], .display = rows[text], .is_abstract = true});
        job.parent(child, job.out.find(rows[parent]));  // parents stand before their children
    }
}

/// The answers (LA...) with their lists: `LIST` is the property that a value set of a list filters by.
void read_answers(ImportJob& job, RecordReader& rows) {
    const auto list = needed(rows, "AnswerListId");
    const auto answer = needed(rows, "AnswerStringId");
    const auto text = needed(rows, "DisplayText");
    while (rows.next()) {
        if (rows[answer].empty()) continue;
        auto id = job.out.find(rows[answer]);
        if (id == 0) id = job.out.add({rows[answer], rows[text]});
        job.property(id, "LIST", rows[list], true);
    }
}

}  // namespace

void import_loinc(ImportJob& job) {
    std::vector<std::filesystem::path> hierarchies;
    std::vector<std::filesystem::path> answers;
    for (const auto& file : job.files) {
        RecordReader rows(file, Format::comma);
        if (!rows.next()) throw std::runtime_error(file.string() + ": is empty");
        if (rows.column("LOINC_NUM") && rows.column("LONG_COMMON_NAME"))
            read_terms(job, rows);
        else if (rows.column("IMMEDIATE_PARENT"))
            hierarchies.push_back(file);
        else if (rows.column("AnswerListId") && rows.column("AnswerStringId"))
            answers.push_back(file);
        else
            throw std::runtime_error(file.string() +
                                     ": not a LOINC file that is known; wanted Loinc.csv, "
                                     "ComponentHierarchyBySystem.csv, AnswerList.csv");
    }
    if (job.out.concepts() == 0) return;
    for (const auto& file : hierarchies) {
        RecordReader rows(file, Format::comma);
        rows.next();
        read_hierarchy(job, rows);
    }
    for (const auto& file : answers) {
        RecordReader rows(file, Format::comma);
        rows.next();
        read_answers(job, rows);
    }
}

}  // namespace causeway::terminology
