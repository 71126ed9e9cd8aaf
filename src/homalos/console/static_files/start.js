// All parts are there: say the words, open the line.
"use strict";
translate();
connect();
