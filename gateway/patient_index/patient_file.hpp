#pragma once
#include <functional>
#include <iosfwd>
#include <string_view>

#include "gateway/patient_index/table_file.hpp"

namespace causeway::patient_index {

/// Reads a file of patients, record by record: CSV with a header line, or NDJSON (told by its first byte, `{`), one object a
/// line.
///
/// A line of NDJSON is a FHIR Patient, whose id is the record's id and whose `truth` is its member or its identifier of
/// that system; or a flat object, whose members are the columns. Throws std::runtime_error that names the line.
void read_patients(std::istream& in, const ColumnMap* map, std::string_view truth,
                   const std::function<void(FileRecord&&)>& each);

}  // namespace causeway::patient_index
