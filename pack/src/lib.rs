//! The evidence pack: a frozen review as PDF, workbook, page and tables.
