#pragma once
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/patient_index/match/record.hpp"

namespace causeway::patient_index {

/// One line of a file of patients: the record, its id in the file, and the known person (truth) if a column says so.
struct FileRecord {
    std::string id;
    std::string truth;
    match::Record record;
};

/// Which column is which field. A mapping file has lines `field = column` (several lines of one field: several values);
/// fields: id truth given middle family suffix name birth_date sex house street city zip phone email ssn mother
/// guardian birth_order multiple_birth other_given other_family, `identifier SYSTEM` (one human being only) and
/// `record_number SYSTEM`.
class ColumnMap {
public:
    struct Entry {
        std::string field;
        std::string system;  ///< of an identifier or record number
        std::string column;
    };

    /// Throws std::runtime_error that names the line.
    static ColumnMap read(std::string_view text);
    /// By the usual names of columns (first_name, surname, dob, soc_sec_id, nameFirst ...).
    static ColumnMap guess(const std::vector<std::string>& columns);

    const std::vector<Entry>& entries() const { return entries_; }
    /// Replaces what `field` reads.
    void set(std::string_view field, std::string_view column);

private:
    std::vector<Entry> entries_;
};

/// One row as named cells -> one record.
using Cells = std::vector<std::pair<std::string, std::string>>;
FileRecord to_record(const Cells& cells, const ColumnMap& map);

/// Cells of one CSV line (RFC 4180 quotes; blanks around a cell are dropped). A quoted cell may not hold a line end.
std::vector<std::string> csv_cells(std::string_view line);

/// Reads a CSV file with a header line, record by record. Throws std::runtime_error.
/// `map` null = guess from the header; `truth` overrides the truth column.
void read_csv(std::istream& in, const ColumnMap* map, std::string_view truth,
              const std::function<void(FileRecord&&)>& each);

/// Pairs with an expected answer.
struct LabelledPair {
    std::string name;
    std::string expected;  ///< as the file says it: "Match", "Possible Match", "Not a Match", or 1 and 0
    FileRecord a, b;
};

/// Reads blocks of lines `TEST: name`, `EXPECT: answer`, `PATIENT A: key=value,...`, `PATIENT B: ...`; or a CSV file in
/// which each column ends in _a, _b (or _l, _r), and a column `label`, `expected`, `match` or `truth` is the answer.
void read_labelled_pairs(std::istream& in, const ColumnMap* map, const std::function<void(LabelledPair&&)>& each);

}  // namespace causeway::patient_index
