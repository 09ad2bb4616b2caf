profile loi-2.5.1
title Laboratory orders from ambulatory care, OML^O21, HL7 2.5.1
message OML^O21
version 2.5.1
identifier 2.16.840.1.113883.9.66 2.16.840.1.113883.9.78 2.16.840.1.113883.9.79 LOI_Common_Component LOI_GU_PRU_Profile LOI_GU_PRN_Profile LOI_NG_PRU_Profile LOI_NG_PRN_Profile

groups
  PATIENT                                        R 1..1
  PATIENT.PID                                    R 1..1
  PATIENT.NK1                                    RE
  PATIENT.PATIENT_VISIT                          RE 0..1
  PATIENT.INSURANCE                              RE
  PATIENT.GT1                                    RE 0..1
  ORDER                                          R 1..*
  ORDER.ORC                                      R 1..1
  ORDER.OBSERVATION_REQUEST                      R 1..1
  ORDER.OBSERVATION_REQUEST.OBR                  R 1..1
  ORDER.OBSERVATION_REQUEST.DG1                  RE
  ORDER.OBSERVATION_REQUEST.OBSERVATION          RE
  ORDER.OBSERVATION_REQUEST.SPECIMEN             RE

datatype CWE CE
  1  C(R/RE) if .9 absent
  3  C(R/X) if .1 valued
  6  C(R/X) if .4 valued

datatype CX
  1  R
  4  RE
  5  R

datatype EI
  1  R

datatype HD
  1  C(R/O) if .2 absent
  3  C(R/X) if .2 valued

segment MSH
  1   R = "|"
  2   R in ("^~\&" "^~\&#")
  3   RE
  4   R
  6   R
  7   R precision second
  9.1 R = OML
  9.2 R = O21
  9.3 R = OML_O21
  10  R
  11.1 R in (P D T)
  12.1 R = 2.5.1
  15  R in (AL NE ER SU)
  16  R in (AL NE ER SU)
  21  R 1..*

segment PID
  1   R = 1
  3   R 1..*
  5   R 1..*
  7   R precision year
  8   R table 0001
  10  RE
  11  RE

segment NK1
  1   R
  2   C(R/X) if 13 absent
  3   R
  13  C(R/X) if 2 absent

segment PV1
  1   R = 1
  2   R
  20  RE

segment IN1
  1   R
  2   R
  3   R
  4   RE
  15  RE
  16  RE
  47  RE

segment GT1
  1   R = 1
  3   R
  10  RE

segment ORC
  1   R in (NW CA OC RU)
  2   R
  3   C(R/O) if 1 in (OC RU)
  9   R precision day
  12  R
  assert 2 = OBR-2 "ORC-2 and OBR-2 name the same placer order"

segment OBR
  1   R format digits
  2   R
  4   R
  7   RE precision year
  11  RE
  13  RE
  16  R
  assert 16 = ORC-12 "OBR-16 and ORC-12 name the same provider"

segment TQ1
  1   R = 1
  7   RE
  8   RE
  9   R

segment DG1
  1   R format digits
  3   R
  6   R in (A W F)

segment OBX
  1   R format digits
  2   C(R/X) if 5 valued
  3   R
  5   R
  6   C(R/RE) if 2 in (NM SN)
  11  R in (O F)
  14  RE

segment SPM
  1   R format digits
  2   R
  4   R
  17.1 R precision year

segment NTE
  1   R
  3   R
