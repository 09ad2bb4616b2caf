#include <algorithm>
#include <stdexcept>

#include "gateway/terminology/importers.hpp"

namespace causeway::terminology {

namespace {

// --- ICD-10-CM: columns by position: 1-5 order number, 7-13 code, 15 whether it may be billed, 17-76 short, 78- long

/// The file leaves the dot out, which FHIR's codes have: E119 is E11.9.
std::string with_dot(std::string_view code) {
    std::string out(code);
    if (out.size() > 3) out.insert(3, 1, '.');
    return out;
}

bool is_order_line(std::string_view line) noexcept {
    return line.size() > 16 &&
           std::all_of(line.begin(), line.begin() + 5, [](char c) { return c >= '0' && c <= '9'; }) && line[5] == ' ' &&
           (line[14] == '0' || line[14] == '1');
}

void read_order_file(ImportJob& job, RecordReader& rows) {
    while (rows.next()) {
        const auto line = rows[0];
        if (!is_order_line(line)) throw std::runtime_error(rows.place() + ": not a line of an order file");
        const auto code = trimmed(line.substr(6, 7));
        const auto short_name = trimmed(line.substr(16, 60));
        const auto long_name = line.size() > 77 ? trimmed(line.substr(77)) : short_name;
        const bool is_header = line[14] == '0';
        const auto id = job.out.add({.code = with_dot(code), .display = long_name, .is_abstract = is_header});
        if (id == 0) continue;
        if (short_name != long_name) job.name(id, "en", "short", short_name);
        job.out.add_alias(code, id);
        for (std::size_t size = code.size() - 1; size >= 3; --size)
            if (const auto above = job.out.find(with_dot(code.substr(0, size)))) {
                job.parent(id, above);
                break;
            }
    }
}

// --- NDC

/// The eleven digits of a package code with hyphens: 5-4-2, each part filled with zeros. Empty if it is none.
std::string eleven_digits(std::string_view code) {
    constexpr std::size_t widths[] = {5, 4, 2};
    std::string out;
    for (const std::size_t width : widths) {
        const auto part = code.substr(0, code.find('-'));
        if (part.empty() || part.size() > width ||
            !std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return {};
        out.append(width - part.size(), '0');
        out += part;
        code.remove_prefix(std::min(code.size(), part.size() + 1));
    }
    return code.empty() ? out : std::string();
}

std::size_t needed(const RecordReader& header, std::string_view name) {
    const auto column = header.column(name);
    if (!column) throw std::runtime_error(header.place() + ": the column " + std::string(name) + " is missing");
    return *column;
}

void read_products(ImportJob& job, RecordReader& rows) {
    const auto code = needed(rows, "PRODUCTNDC");
    const auto trade = needed(rows, "PROPRIETARYNAME");
    const auto generic = needed(rows, "NONPROPRIETARYNAME");
    const auto form = rows.column("DOSAGEFORMNAME");
    const auto route = rows.column("ROUTENAME");
    const auto strength = rows.column("ACTIVE_NUMERATOR_STRENGTH");
    const auto unit = rows.column("ACTIVE_INGRED_UNIT");
    while (rows.next()) {
        const auto id = job.out.add({.code = rows[code], .display = rows[trade]});
        if (id == 0) continue;  // a product may stand once per kind of marketing
        job.name(id, "en", "NONPROPRIETARYNAME", rows[generic]);
        if (form) job.property(id, "DOSAGEFORMNAME", rows[*form]);
        if (route) job.property(id, "ROUTENAME", rows[*route]);
        if (strength) job.property(id, "ACTIVE_NUMERATOR_STRENGTH", rows[*strength]);
        if (unit) job.property(id, "ACTIVE_INGRED_UNIT", rows[*unit]);
    }
}

void read_packages(ImportJob& job, RecordReader& rows) {
    const auto product = needed(rows, "PRODUCTNDC");
    const auto code = needed(rows, "NDCPACKAGECODE");
    const auto text = needed(rows, "PACKAGEDESCRIPTION");
    while (rows.next()) {
        const auto id = job.out.add({.code = rows[code], .display = rows[text]});
        if (id == 0) continue;
        job.parent(id, job.out.find(rows[product]));
        if (const auto digits = eleven_digits(rows[code]); !digits.empty()) job.out.add_alias(digits, id);
    }
}

}  // namespace

void import_icd10cm(ImportJob& job) {
    for (const auto& file : job.files) {
        RecordReader rows(file, Format::line);
        read_order_file(job, rows);
    }
}

// Code | short description | full name | note | status | ... | last update
void import_cvx(ImportJob& job) {
    for (const auto& file : job.files) {
        RecordReader rows(file, Format::pipe);
        while (rows.next()) {
            const auto code = trimmed(rows[0]);
            if (rows.size() < 5) throw std::runtime_error(rows.place() + ": five columns are wanted");
            if (code.empty() || code[0] < '0' || code[0] > '9') continue;  // a header
            const auto status = trimmed(rows[4]);
            const auto id = job.out.add({.code = code,
                                         .display = trimmed(rows[1]),
                                         .definition = trimmed(rows[2]),
                                         .inactive = status == "Inactive" || status == "Never Active"});
            if (id == 0) continue;
            job.name(id, "en", "full name", trimmed(rows[2]));
            job.property(id, "VaccineStatus", status);
            job.property(id, "Notes", trimmed(rows[3]));
        }
    }
}

void import_ndc(ImportJob& job) {
    std::vector<std::filesystem::path> packages;
    for (const auto& file : job.files) {
        RecordReader rows(file, Format::tab);
        if (!rows.next()) throw std::runtime_error(file.string() + ": is empty");
        if (rows.column("NDCPACKAGECODE"))
            packages.push_back(file);
        else
            read_products(job, rows);
    }
    for (const auto& file : packages) {
        RecordReader rows(file, Format::tab);
        rows.next();
        read_packages(job, rows);
    }
}

}  // namespace causeway::terminology
