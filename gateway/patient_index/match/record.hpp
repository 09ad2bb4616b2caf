#pragma once
#include <string>
#include <vector>

namespace causeway::patient_index::match {

/// What one source says about one patient, as text, before any normalisation. Every part may be empty.
struct Record {
    struct Name {
        std::string given;  ///< first given name; further ones belong in middle
        std::string middle;
        std::string family;
        std::string suffix;
        std::string text;  ///< the whole name; read only if given and family are both empty
    };
    struct Address {
        std::string house;  ///< if the source parts it; else it leads the street
        std::string street;
        std::string city;
        std::string zip;
    };
    /// person: a number that only one human being has (insurance, licence, passport); local: a medical record number;
    /// national: of the one authority that says by its number who is who.
    enum class IdentifierKind { person, local, national };
    struct Identifier {
        std::string system;  ///< an identifier without a system is not evidence and is dropped
        std::string value;
        IdentifierKind kind = IdentifierKind::local;
    };

    std::vector<Name> names;
    std::vector<std::string> birth_dates;  ///< 1970, 1970-03, 1970-03-09, 19700309, 03/09/1970; nothing else is read
    std::string sex;                       ///< M, F, male, female; other values are not evidence
    std::vector<Address> addresses;
    std::vector<std::string> phones;
    std::vector<std::string> emails;
    std::vector<std::string> ssns;  ///< social security number, whole or the last four digits
    std::vector<Identifier> identifiers;
    std::vector<std::string> mothers;    ///< mother's maiden name
    std::vector<std::string> guardians;  ///< given name of the mother, father or guardian
    int birth_order = 0;                 ///< 0 = not known
    bool multiple_birth = false;
};

}  // namespace causeway::patient_index::match
