#include <array>
#include <stdexcept>
#include <unordered_map>

#include "gateway/terminology/importers.hpp"

namespace causeway::terminology {

namespace {

// RRF files have no header; the number of columns tells them apart (each line ends with a separator).
constexpr std::size_t conso_columns = 18;
constexpr std::size_t rel_columns = 16;
constexpr std::size_t sat_columns = 13;

/// Term types that are the normalised name of a concept, the best first; others are further names.
constexpr std::array<std::string_view, 15> name_types = {"SCD",  "SBD",  "GPCK", "BPCK", "IN",   "PIN",  "MIN", "BN",
                                                         "SCDC", "SCDF", "SCDG", "SBDC", "SBDF", "SBDG", "DF"};

std::size_t rank_of(std::string_view term_type) noexcept {
    for (std::size_t i = 0; i < name_types.size(); ++i)
        if (name_types[i] == term_type) return i;
    return term_type == "DFG" || term_type == "ET" ? name_types.size() : name_types.size() + 1;
}

class RxNormImport {
public:
    explicit RxNormImport(ImportJob& job) : job_(job) {}

    void run() {
        std::vector<std::pair<std::size_t, std::filesystem::path>> files;
        for (const auto& path : job_.files) {
            RecordReader rows(path, Format::pipe);
            if (!rows.next()) throw std::runtime_error(path.string() + ": is empty");
            const std::size_t columns = rows.size() - (rows[rows.size() - 1].empty() ? 1 : 0);
            if (columns != conso_columns && columns != rel_columns && columns != sat_columns)
                throw std::runtime_error(path.string() + ": neither RXNCONSO.RRF nor RXNREL.RRF nor RXNSAT.RRF");
            files.emplace_back(columns, path);
        }
        each(files, conso_columns, &RxNormImport::names);
        if (job_.out.concepts() == 0) return;
        each(files, rel_columns, &RxNormImport::relations);
        each(files, sat_columns, &RxNormImport::attributes);
    }

private:
    using Read = void (RxNormImport::*)();

    void each(const std::vector<std::pair<std::size_t, std::filesystem::path>>& files, std::size_t columns, Read read) {
        for (const auto& [count, path] : files) {
            if (count != columns) continue;
            RecordReader rows(path, Format::pipe);
            rows_ = &rows;
            while (rows.next()) {
                if (rows.size() < columns)
                    throw std::runtime_error(rows.place() + ": " + std::to_string(columns) + " columns are wanted");
                (this->*read)();
            }
        }
    }

    // RXCUI LAT TS LUI STT SUI ISPREF RXAUI SAUI SCUI SDUI SAB TTY CODE STR SRL SUPPRESS CVF
    void names() {
        const auto& row = *rows_;
        if (row[11] != "RXNORM") return;
        const auto rank = rank_of(row[12]);
        auto id = job_.out.find(row[0]);
        const bool active = row[16] != "O";
        if (id == 0) {
            id = job_.out.add({.code = row[0], .display = row[14], .inactive = !active});
            ranks_[id] = rank;
        } else if (rank < ranks_[id]) {
            job_.out.set_display(id, row[14]);
            ranks_[id] = rank;
        }
        if (rank <= name_types.size()) job_.property(id, "TTY", row[12], true);
        job_.name(id, "en", row[12], row[14]);
    }

    // RXCUI1 RXAUI1 STYPE1 REL RXCUI2 RXAUI2 STYPE2 RELA RUI SRUI SAB SL DIR RG SUPPRESS CVF: the second has RELA to
    // the first
    void relations() {
        const auto& row = *rows_;
        if (row[10] != "RXNORM" || row[7].empty()) return;
        const auto to = job_.out.find(row[0]);
        const auto from = job_.out.find(row[4]);
        if (to == 0 || from == 0) return;
        if (row[7] == "isa")
            job_.parent(from, to);
        else if (row[7] != "inverse_isa")
            job_.property(from, row[7], row[0], true);
    }

    // RXCUI LUI SUI RXAUI STYPE CODE ATUI SATUI ATN SAB ATV SUPPRESS CVF
    void attributes() {
        const auto& row = *rows_;
        if (row[9] != "RXNORM") return;
        const auto id = job_.out.find(row[0]);
        if (id != 0) job_.property(id, row[8], row[10]);
    }

    ImportJob& job_;
    RecordReader* rows_ = nullptr;
    std::unordered_map<std::int64_t, std::size_t> ranks_;
};

}  // namespace

void import_rxnorm(ImportJob& job) { RxNormImport(job).run(); }

}  // namespace causeway::terminology
