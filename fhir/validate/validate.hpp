#pragma once
#include "fhir/validate/outcome.hpp"
#include "fhir/validate/structure.hpp"
#include "fhir/validate/validator.hpp"
